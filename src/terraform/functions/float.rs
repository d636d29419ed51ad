//! Powers and logarithms to the last digit as Go computes them: Terraform shows that digit.
//!
//! Source: Go 1.23, `math/log.go` (which follows FreeBSD's `e_log.c`) and `math/pow.go`.

/// The natural logarithm.
pub(super) fn logarithm(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const L: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    if !(x.is_finite() && x > 0.0) {
        return x.ln();
    }
    let (mut fraction, mut exponent) = split(x);
    if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let f = fraction - 1.0;
    let k = f64::from(exponent);
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let [l1, l2, l3, l4, l5, l6, l7] = L;
    let odd = s2 * (l1 + s4 * (l3 + s4 * (l5 + s4 * l7)));
    let even = s4 * (l2 + s4 * (l4 + s4 * l6));
    let half_square = 0.5 * f * f;
    k * LN2_HIGH - ((half_square - (s * (half_square + odd + even) + k * LN2_LOW)) - f)
}

/// `x` to the power of `y`.
pub(super) fn power(x: f64, y: f64) -> f64 {
    let special = x == 0.0 || !x.is_finite() || !y.is_finite() || y.abs() >= 9e18 || (y.fract() != 0.0 && x < 0.0);
    if special || y == 0.0 || x == 1.0 {
        return x.powf(y);
    }
    if y == 0.5 {
        return x.sqrt();
    }
    if y == -0.5 {
        return 1.0 / x.sqrt();
    }
    let (mut whole, mut part) = (y.abs().trunc(), y.abs().fract());
    let mut result = 1.0;
    let mut exponent = 0i32;
    if part != 0.0 {
        if part > 0.5 {
            part -= 1.0;
            whole += 1.0;
        }
        result = (part * logarithm(x)).exp();
    }
    let (mut fraction, mut shift) = split(x);
    while whole >= 1.0 {
        // Beyond this the result is zero or infinite.
        if !(-4096..=4096).contains(&shift) {
            exponent = exponent.saturating_add(shift);
            break;
        }
        if whole % 2.0 == 1.0 {
            result *= fraction;
            exponent += shift;
        }
        fraction *= fraction;
        shift *= 2;
        if fraction.abs() < 0.5 {
            fraction += fraction;
            shift -= 1;
        }
        whole = (whole / 2.0).trunc();
    }
    if y < 0.0 {
        result = 1.0 / result;
        exponent = -exponent;
    }
    scaled(result, exponent)
}

/// A fraction from one half up to one, and the power of two that it is multiplied with.
fn split(x: f64) -> (f64, i32) {
    let (x, below) = if x.abs() < f64::MIN_POSITIVE { (x * 2f64.powi(52), -52) } else { (x, 0) };
    let bits = x.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1022;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent + below)
}

/// `x` times two to the power of `exponent`, without an intermediate overflow.
fn scaled(mut x: f64, mut exponent: i32) -> f64 {
    while exponent > 1000 && x.is_finite() {
        x *= 2f64.powi(1000);
        exponent -= 1000;
    }
    while exponent < -1000 && x != 0.0 {
        x *= 2f64.powi(-1000);
        exponent += 1000;
    }
    x * 2f64.powi(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digits are those of Terraform 1.11.
    #[test]
    fn the_last_digit_is_gos() {
        assert_eq!((logarithm(3.0) / logarithm(2.0)).to_string(), "1.584962500721156");
        assert_eq!((logarithm(100.0) / logarithm(2.0)).to_string(), "6.643856189774725");
        assert_eq!(power(2.0, 10.0), 1024.0);
        assert_eq!(power(-2.0, 3.0), -8.0);
        assert_eq!(power(2.0, -2.0), 0.25);
        assert!(power(4.0, 1000.0).is_infinite());
        assert_eq!(power(4.0, -1000.0), 0.0);
    }
}
