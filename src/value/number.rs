//! Numbers of arbitrary precision, as Terraform has them.

use bigdecimal::{BigDecimal, Signed, ToPrimitive, Zero};
use std::fmt;
use std::str::FromStr;

/// A decimal number; division keeps 155 significant digits, as a 512-bit float does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

impl Number {
    /// The number that `text` writes (`12`, `-0.5`, `1e3`).
    pub fn parse(text: &str) -> Option<Self> {
        BigDecimal::from_str(text).ok().map(|number| Self(number.normalized()))
    }

    /// The decimal itself.
    pub fn decimal(&self) -> &BigDecimal {
        &self.0
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
        Self(BigDecimal::from(value).normalized())
    }
}

impl From<BigDecimal> for Number {
    fn from(value: BigDecimal) -> Self {
        Self(value.normalized())
    }
}

impl fmt::Display for Number {
    /// Without exponent, as Terraform converts a number to a string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_without_exponent() {
        for (text, shown) in [("1e21", "1000000000000000000000"), ("0.10", "0.1"), ("100", "100"), ("-0", "0")] {
            assert_eq!(Number::parse(text).unwrap().to_string(), shown);
        }
    }
}
