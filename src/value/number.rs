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

impl Number {
    /// The number that `text` writes (`12`, `-0.5`, `1e3`).
    pub fn parse(text: &str) -> Option<Self> {
        let number = Self::from(BigDecimal::from_str(text).ok()?);
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
    fn has_minus(&self) -> bool {
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

    /// The product.
    pub fn times(&self, other: &Self) -> Self {
        Self::from(&*self.0 * &*other.0).with_sign(self.has_minus() != other.has_minus())
    }

    /// The quotient; `None` where the divisor is zero.
    pub fn divided_by(&self, divisor: &Self) -> Option<Self> {
        if divisor.is_zero() {
            return None;
        }
        let quotient = self.quotient(divisor).unwrap_or_else(|| &*self.0 / &*divisor.0);
        Some(Self::from(quotient).with_sign(self.has_minus() != divisor.has_minus()))
    }

    /// The number to 512 bits, as Terraform keeps sums and products.
    #[must_use]
    pub fn rounded(self) -> Self {
        // 512 bits are 154 digits.
        if self.0.digits() <= 154 {
            return self;
        }
        self.divided_by(&Self::from(1)).unwrap_or(self)
    }

    /// What is left of a division, by Terraform's arithmetic: what lies beyond 64 bits is lost. `divisor` is not zero.
    #[must_use]
    pub fn modulo(&self, divisor: &Self) -> Self {
        let Some(quotient) = self.divided_by(divisor) else { return self.clone() };
        let taken = &*divisor.0 * quotient.0.with_scale_round(0, RoundingMode::Down);
        let left = &*self.0 - &taken;
        if left.abs() * BigDecimal::from(BigInt::from(1) << 64) < taken.abs() {
            return Self::from(0);
        }
        Self::from(left)
    }

    /// Exact where it ends within 512 bits; else the shortest decimal that is nearest to the same 512-bit number.
    fn quotient(&self, divisor: &Self) -> Option<BigDecimal> {
        let (mut above, above_scale) = self.0.abs().into_bigint_and_exponent();
        let (mut below, below_scale) = divisor.0.abs().into_bigint_and_exponent();
        let power = u32::try_from((below_scale - above_scale).unsigned_abs()).ok().filter(|power| *power < 10_000)?;
        let ten = BigInt::from(10).pow(power);
        if below_scale > above_scale {
            above *= ten
        } else {
            below *= ten
        }
        if above.is_zero() {
            return Some(BigDecimal::from(0));
        }
        // The mantissa: above * 2^shift / below has 512 bits.
        let mut shift =
            i64::try_from(PRECISION).ok()? + i64::try_from(below.bits()).ok()? - i64::try_from(above.bits()).ok()?;
        let divide = |shift: i64| {
            let (above, below) =
                if shift >= 0 { (&above << shift, below.clone()) } else { (above.clone(), &below << -shift) };
            let (whole, rest) = (&above / &below, &above % &below);
            match (rest * 2u8).cmp(&below) {
                Ordering::Greater => whole + 1u8,
                Ordering::Equal if whole.bit(0) => whole + 1u8,
                _ => whole,
            }
        };
        let mut mantissa = divide(shift);
        if mantissa.bits() > PRECISION {
            shift -= 1;
            mantissa = divide(shift);
        }
        // mantissa / 2^shift as an exact decimal: times 5^shift, with so many digits after the point.
        let exact = if shift >= 0 {
            BigDecimal::new(mantissa * BigInt::from(5).pow(u32::try_from(shift).ok()?), shift)
        } else {
            BigDecimal::from(mantissa << -shift)
        };
        let ulp = if shift >= 0 {
            BigDecimal::new(BigInt::from(5).pow(u32::try_from(shift).ok()?), shift)
        } else {
            BigDecimal::from(BigInt::from(1) << -shift)
        };
        let mut digits = 153;
        while digits < 157 {
            let short = exact.with_precision_round(std::num::NonZeroU64::new(digits)?, RoundingMode::HalfEven);
            if ((&short - &exact).abs() * BigDecimal::from(2)) < ulp {
                return Some(short * if self.0.is_negative() == divisor.0.is_negative() { 1 } else { -1 });
            }
            digits += 1;
        }
        Some(exact)
    }

    /// The whole number, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.is_whole().then(|| self.0.to_i64()).flatten()
    }

    /// The nearest 64-bit float.
    pub fn as_f64(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
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
        assert_eq!(Number::from(1).divided_by(&Number::from(0)), None);
    }
}
