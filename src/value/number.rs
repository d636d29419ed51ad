//! Numbers of arbitrary precision, as Terraform has them.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Signed, ToPrimitive, Zero};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

/// A decimal number, shared: it is the largest of the values, and the rarest to be computed with. A quotient is rounded to 512 bits, as Terraform's is.
#[derive(Clone, Debug)]
pub struct Number(Arc<BigDecimal>, Form);

/// How the number becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    /// Terraform's zero has a sign.
    NegativeZero,
    /// As few digits as tell it from other 64-bit floats: the result of `pow` or `log`.
    Float,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Written as text: JSON's numbers are not read exactly everywhere.
impl serde::Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a number")))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Number {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "description": "A number in decimal digits."})
    }
}

/// The bits of a number's mantissa in Terraform.
const PRECISION: u64 = 512;
/// Digits before or after the point: a short text could write numbers that fill any memory.
const LONGEST: u64 = 10_000;

impl Number {
    /// The number that `text` writes (`12`, `-0.5`, `1e3`); `None` also where it has more than 10,000 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let decimal = BigDecimal::from_str(text).ok()?;
        if decimal.fractional_digit_count().unsigned_abs() > LONGEST {
            return None;
        }
        let number = Self::from(decimal);
        let number = if number.0.digits() > 150 { number.rounded() } else { number };
        Some(if number.is_zero() && text.starts_with('-') { number.with_sign(true) } else { number })
    }

    /// The number that a 64-bit float is exactly; `None` where it is none.
    pub fn from_f64(value: f64) -> Option<Self> {
        let exact = BigDecimal::try_from(value).ok()?.normalized();
        if value == 0.0 {
            return Some(Self::from(0).with_sign(value.is_sign_negative()));
        }
        Some(Self(Arc::new(exact), if value.fract() == 0.0 && value.abs() < 1e15 { Form::Plain } else { Form::Float }))
    }

    /// The magnitude.
    pub fn magnitude(&self) -> Self {
        if self.has_minus() { self.negated() } else { self.clone() }
    }

    /// The decimal itself.
    pub fn decimal(&self) -> &BigDecimal {
        &self.0
    }

    /// Whether the sign is negative, also of a zero.
    pub fn has_minus(&self) -> bool {
        self.0.is_negative() || self.1 == Form::NegativeZero
    }

    /// The same number; a zero gets this sign.
    fn with_sign(self, negative: bool) -> Self {
        let sign = if negative && self.0.is_zero() { Form::NegativeZero } else { Form::Plain };
        Self(self.0, sign)
    }

    /// The number with the other sign.
    pub fn negated(&self) -> Self {
        let negated = Self::from(-(*self.0).clone());
        if self.1 == Form::Float { Self(negated.0, Form::Float) } else { negated.with_sign(!self.has_minus()) }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if self.is_zero() && other.is_zero() {
            return Self::from(0).with_sign(self.has_minus() && other.has_minus());
        }
        let exact = || Self::from(&*self.0 + &*other.0);
        if self.is_simple() && other.is_simple() {
            return exact();
        }
        let sum = self.binary().zip(other.binary()).and_then(|(a, b)| a.plus(&b)?.decimal());
        sum.map_or_else(exact, Self::from)
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let negative = self.has_minus() != other.has_minus();
        let exact = || &*self.0 * &*other.0;
        if self.is_simple() && other.is_simple() {
            return Self::from(exact()).with_sign(negative);
        }
        let product = self.binary().zip(other.binary()).and_then(|(a, b)| a.times(&b).decimal());
        Self::from(product.unwrap_or_else(exact)).with_sign(negative)
    }

    /// The quotient; `None` where the divisor is zero.
    pub fn divided_by(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let quotient = self.binary().zip(divisor.binary()).and_then(|(a, b)| a.divided_by(&b)?.decimal());
        let quotient = quotient.unwrap_or_else(|| &*self.0 / &*divisor.0);
        Some(Self::from(quotient).with_sign(self.has_minus() != divisor.has_minus()))
    }

    /// What is left of a division, by the same steps as Terraform's. `divisor` is not zero.
    #[must_use]
    pub fn modulo(&self, divisor: &Self) -> Self {
        let steps = || {
            let (a, b) = (self.binary()?, divisor.binary()?);
            let taken = b.times(&a.divided_by(&b)?.whole()?);
            a.plus(&Binary { mantissa: -taken.mantissa, ..taken })?.decimal()
        };
        steps().map_or_else(|| self.clone(), Self::from)
    }

    /// The number to 512 bits, as Terraform keeps it.
    fn rounded(self) -> Self {
        self.binary().and_then(|binary| binary.decimal()).map_or_else(|| self.clone(), Self::from)
    }

    /// The number that Terraform holds, in all its digits: 512 bits hold few decimals as they are written.
    pub fn exact(&self) -> BigDecimal {
        let held = || Some(self.binary()?.exact()?.0);
        if self.is_simple() { (*self.0).clone() } else { held().unwrap_or_else(|| (*self.0).clone()) }
    }

    /// Whether few digits make it: sums and products of such numbers are exact.
    fn is_simple(&self) -> bool {
        !self.is_vast() && self.is_whole() && self.0.digits() < 70
    }

    /// Whether it has more digits than are computed with.
    pub fn is_vast(&self) -> bool {
        self.0.fractional_digit_count().unsigned_abs() > LONGEST
    }

    fn binary(&self) -> Option<Binary> {
        let (digits, scale) = self.0.as_bigint_and_exponent();
        let power = u32::try_from(scale.unsigned_abs()).ok().filter(|power| u64::from(*power) < LONGEST)?;
        let ten = BigInt::from(10).pow(power);
        if scale > 0 { Binary::ratio(&digits, &ten) } else { Some(Binary::rounded(digits * ten, 0)) }
    }

    /// The whole number, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.is_whole().then(|| self.0.to_i64()).flatten()
    }

    /// The nearest 64-bit float.
    pub fn as_f64(&self) -> f64 {
        let float = self.0.to_f64().unwrap_or(f64::NAN);
        if self.1 == Form::NegativeZero { -float } else { float }
    }

    /// Whether there is no fraction.
    pub fn is_whole(&self) -> bool {
        self.0.is_integer()
    }

    /// Below zero.
    pub fn is_negative(&self) -> bool {
        self.0.is_negative()
    }

    /// Zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

/// A number as Terraform computes with it: `mantissa * 2^exponent`, the mantissa of at most 512 bits. A number's decimal is
/// the shortest that leads to the same one, so nothing is lost on the way there and back.
struct Binary {
    mantissa: BigInt,
    exponent: i64,
}

impl Binary {
    /// Rounded to 512 bits, halves to the even neighbour.
    fn rounded(mantissa: BigInt, exponent: i64) -> Self {
        let excess = mantissa.bits().saturating_sub(PRECISION);
        if excess == 0 {
            return Self { mantissa, exponent };
        }
        let size = mantissa.abs();
        let mut kept = &size >> excess;
        let half = BigInt::from(1) << (excess - 1);
        match (&size - (&kept << excess)).cmp(&half) {
            Ordering::Greater => kept += 1u8,
            Ordering::Equal if kept.bit(0) => kept += 1u8,
            _ => {}
        }
        let mantissa = if mantissa.is_negative() { -kept } else { kept };
        Self { mantissa, exponent: exponent.saturating_add(i64::try_from(excess).unwrap_or(i64::MAX)) }
    }

    fn ratio(above: &BigInt, below: &BigInt) -> Option<Self> {
        if above.is_zero() {
            return Some(Self { mantissa: BigInt::from(0), exponent: 0 });
        }
        // Two bits more than are kept, and one that tells whether anything is left.
        let bits = |n: &BigInt| i64::try_from(n.bits()).ok();
        let shift = i64::try_from(PRECISION).ok()? + 2 + bits(below)? - bits(above)?;
        let (above, below) =
            if shift >= 0 { (above << shift, below.clone()) } else { (above.clone(), below << -shift) };
        let (whole, rest) = (&above / &below, &above % &below);
        let negative = above.is_negative() != below.is_negative();
        let size: BigInt = (whole.abs() << 1) + u8::from(!rest.is_zero());
        Some(Self::rounded(if negative { -size } else { size }, -shift - 1))
    }

    fn plus(&self, other: &Self) -> Option<Self> {
        let low = self.exponent.min(other.exponent);
        let aligned = |number: &Self| {
            let shift = u64::try_from(number.exponent - low).ok().filter(|shift| *shift < 100_000)?;
            Some(&number.mantissa << shift)
        };
        Some(Self::rounded(aligned(self)? + aligned(other)?, low))
    }

    fn times(&self, other: &Self) -> Self {
        Self::rounded(&self.mantissa * &other.mantissa, self.exponent.saturating_add(other.exponent))
    }

    fn divided_by(&self, divisor: &Self) -> Option<Self> {
        let quotient = Self::ratio(&self.mantissa, &divisor.mantissa)?;
        Some(Self { exponent: quotient.exponent + self.exponent - divisor.exponent, ..quotient })
    }

    /// Without the fraction.
    fn whole(&self) -> Option<Self> {
        let shift = Some(self.exponent.unsigned_abs()).filter(|shift| *shift < 100_000)?;
        if self.exponent >= 0 {
            return Some(Self { mantissa: self.mantissa.clone(), exponent: self.exponent });
        }
        let size = self.mantissa.abs() >> shift;
        Some(Self { mantissa: if self.mantissa.is_negative() { -size } else { size }, exponent: 0 })
    }

    /// All digits of this number, and of one in the last of 512 bits. It is not zero.
    fn exact(&self) -> Option<(BigDecimal, BigDecimal)> {
        // As a mantissa of exactly 512 bits.
        let missing = PRECISION - self.mantissa.bits().min(PRECISION);
        let (mantissa, exponent) = (&self.mantissa << missing, self.exponent - i64::try_from(missing).ok()?);
        let power = u32::try_from(exponent.unsigned_abs()).ok().filter(|power| *power < 100_000)?;
        // 2^-n is 5^n with n digits after the point.
        let unit = if exponent < 0 {
            BigDecimal::new(BigInt::from(5).pow(power), i64::from(power))
        } else {
            BigDecimal::from(BigInt::from(1) << power)
        };
        Some((BigDecimal::from(mantissa) * &unit, unit))
    }

    /// The shortest decimal that is nearest to this number of 512 bits.
    fn decimal(&self) -> Option<BigDecimal> {
        if self.mantissa.is_zero() {
            return Some(BigDecimal::from(0));
        }
        let (exact, unit) = self.exact()?;
        let near = |digits: u64| {
            let short = exact.with_precision_round(std::num::NonZeroU64::new(digits)?, RoundingMode::HalfEven);
            (((&short - &exact).abs() * BigDecimal::from(2)) < unit).then_some(short)
        };
        (153..158).find_map(near).or(Some(exact))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::from(BigDecimal::from(value))
    }
}

impl From<BigDecimal> for Number {
    fn from(value: BigDecimal) -> Self {
        Self(Arc::new(value.normalized()), Form::Plain)
    }
}

impl fmt::Display for Number {
    /// Without exponent, as Terraform converts a number to a string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Form::NegativeZero => f.write_str("-0"),
            Form::Float => f.write_str(&shortest(self.as_f64())),
            Form::Plain => f.write_str(&self.0.to_plain_string()),
        }
    }
}

/// The fewest digits that tell the float from its neighbours, as Go's `big.Float` counts them: below a power of two it
/// takes the gap to be as wide as above it.
fn shortest(value: f64) -> String {
    const MANTISSA: u64 = (1 << 52) - 1;
    let plain = format!("{value}");
    if value.to_bits() & MANTISSA != 0 {
        return plain;
    }
    let digits = plain.trim_start_matches(['-', '0', '.']).trim_end_matches('0').replace('.', "").len();
    let half = (f64::from_bits(value.abs().to_bits() + 1) - value.abs()) / 2.0;
    let (Some(exact), Some(half)) = (Number::from_f64(value), Number::from_f64(half)) else { return plain };
    let shorter = (1..digits).filter_map(|digits| BigDecimal::from_str(&format!("{value:.*e}", digits - 1)).ok());
    let fits = |short: &BigDecimal| (short - exact.decimal()).abs() <= *half.decimal();
    shorter.into_iter().find(fits).map_or(plain, |short| short.normalized().to_plain_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_fill_the_memory_are_none() {
        for text in ["1e99999999999", "1e-999999999", "100e9223372036854775807", "1e-9223372036854775808"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
        let large = Number::parse("1e9999").unwrap();
        assert!(large.times(&large).is_vast());
    }

    #[test]
    fn numbers_print_without_exponent() {
        for (text, shown) in [("1e21", "1000000000000000000000"), ("0.10", "0.1"), ("100", "100"), ("-0", "-0")] {
            assert_eq!(Number::parse(text).unwrap().to_string(), shown);
        }
    }

    /// The texts are those of Terraform 1.11.
    #[test]
    fn floats_print_as_few_digits_as_tell_them_apart() {
        let shown = |value: f64| Number::from_f64(value).unwrap().to_string();
        assert_eq!(shown(8f64.powi(255)), format!("1940647615375886{}", "0".repeat(215)));
        assert_eq!(shown(0.1), "0.1");
        assert_eq!(shown(-1024.0), "-1024");
    }

    #[test]
    fn quotients_have_the_digits_of_512_bits() {
        let divide = |a, b| Number::from(a).divided_by(&Number::from(b)).unwrap().to_string();
        assert_eq!(divide(1, 3), format!("0.{}5", "3".repeat(154)));
        assert_eq!(divide(-7, 2), "-3.5");
        assert_eq!(divide(0, -2), "-0");
        let third = Number::from(1).divided_by(&Number::from(3)).unwrap();
        assert_eq!(Number::from(-1).modulo(&third.negated()).to_string(), "0");
        let sum = |a, b| Number::parse(a).unwrap().plus(&Number::parse(b).unwrap()).to_string();
        assert_eq!(sum("0.1", "0.2"), "0.3");
        assert_eq!(sum("1e30", "-0.5"), "999999999999999999999999999999.5");
        assert_eq!(Number::from(1).divided_by(&Number::from(0)), None);
    }
}
