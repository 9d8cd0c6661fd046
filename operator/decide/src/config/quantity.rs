//! Kubernetes' quantities: an exact decimal number with a suffix, and its one canonical spelling.
//!
//! Only reading and spelling: nothing here adds them up. Numbers are held in billionths, the finest that Kubernetes
//! keeps; what is finer is rounded up, as Kubernetes does.

use std::{fmt, str::FromStr};

/// A quantity, remembering the family of its suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    nano: i128,
    family: Family,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// `Ki`, `Mi`, ...
    Binary,
    /// `m`, none, `k`, `M`, ...
    Decimal,
    /// `e3`, `E6`, ...
    Exponent,
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a quantity; write it as in 500m, 2 or 4Gi")]
pub struct NotAQuantity {
    text: String,
}

const NANO: i128 = 1_000_000_000;
/// The largest number that Kubernetes keeps; larger ones count as this.
const MAX: i128 = (i64::MAX as i128) * NANO;

const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        parse(text).ok_or_else(|| NotAQuantity { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Quantity> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (whole, rest) = rest.split_at(digits(rest));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(after) => after.split_at(digits(after)),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (family, numerator, exponent) = factor(suffix)?;
    let magnitude = scaled(whole, fraction, numerator, exponent);
    Some(Quantity { nano: if negative { -magnitude } else { magnitude }, family })
}

/// A suffix as a family, a factor and a power of ten.
fn factor(suffix: &str) -> Option<(Family, i128, i32)> {
    if let Some((_, bits)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((Family::Binary, 1 << bits, 0));
    }
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Family::Decimal, 1, *power));
    }
    let power = suffix.strip_prefix(['e', 'E'])?;
    let unsigned = power.strip_prefix(['+', '-']).unwrap_or(power);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((Family::Exponent, 1, power.parse().ok()?))
}

/// The number in billionths, rounded up and capped.
fn scaled(whole: &str, fraction: &str, numerator: i128, exponent: i32) -> i128 {
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    // value = digits * numerator * 10^power, in billionths
    let power = exponent.saturating_sub(places).saturating_add(9);
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if length.saturating_add(power) > 30 {
        return MAX;
    }
    if power >= 0 {
        let ten = 10_i128.checked_pow(power.unsigned_abs());
        let value: Option<i128> = digits.parse().ok();
        return value
            .zip(ten)
            .and_then(|(value, ten)| value.checked_mul(ten)?.checked_mul(numerator))
            .map_or(MAX, |nano| nano.min(MAX));
    }
    // Digits beyond the 36th cannot be seen in billionths any more, except that something is there.
    let keep = digits.len().min(36);
    let (kept, lost) = digits.split_at(keep);
    let dropped = i32::try_from(lost.len()).unwrap_or(i32::MAX);
    let divisor = 10_i128.checked_pow(power.saturating_add(dropped).min(0).unsigned_abs());
    let value = kept.parse::<i128>().ok().and_then(|value| value.checked_mul(numerator));
    match (value, divisor) {
        (Some(value), Some(divisor)) => {
            let more = value % divisor != 0 || lost.bytes().any(|b| b != b'0');
            (value / divisor + i128::from(more)).min(MAX)
        }
        // Too fine to see: one billionth.
        (Some(_), None) => 1,
        (None, _) => MAX,
    }
}

impl fmt::Display for Quantity {
    /// The canonical spelling: no fraction, the largest suffix that allows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nano == 0 {
            return f.write_str("0");
        }
        // A binary suffix needs a whole number of at least 1024; else the number is spelt in decimal.
        let binary = self.family == Family::Binary && self.nano.abs() >= 1024 * NANO && self.nano % NANO == 0;
        if binary {
            let whole = self.nano / NANO;
            let fit = BINARY.iter().rev().find(|(_, bits)| whole % (1_i128 << bits) == 0);
            return match fit {
                Some((suffix, bits)) => write!(f, "{}{suffix}", whole >> bits),
                None => write!(f, "{whole}"),
            };
        }
        let power = (-3..=6).rev().find(|thousands| {
            let unit = 10_i128.pow((thousands * 3 + 9_i32).unsigned_abs());
            self.nano % unit == 0
        });
        let thousands = power.unwrap_or(-3);
        let number = self.nano / 10_i128.pow((thousands * 3 + 9_i32).unsigned_abs());
        if self.family == Family::Exponent {
            return if thousands == 0 {
                write!(f, "{number}")
            } else {
                write!(f, "{number}e{}", thousands * 3)
            };
        }
        let suffix =
            DECIMAL.iter().find(|(_, power)| *power == thousands * 3).map_or("", |(suffix, _)| suffix);
        write!(f, "{number}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quantity_has_one_spelling() {
        for (text, canonical) in [
            ("1.5", "1500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("0.5Gi", "512Mi"),
            ("4000m", "4"),
            ("1000", "1k"),
            ("1001", "1001"),
            ("0", "0"),
            ("0Gi", "0"),
            ("-1500m", "-1500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("100e-3", "100e-3"),
            ("1e3", "1e3"),
            ("12E6", "12e6"),
            ("0.1n", "1n"),
            ("512Ki", "512Ki"),
            ("0.5Ki", "512"),
            ("123456789", "123456789"),
            ("1e40", "9223372036854775807"),
            ("+2", "2"),
        ] {
            assert_eq!(text.parse::<Quantity>().map(|q| q.to_string()), Ok(canonical.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_one_spelling_is_a_quantity_of_that_spelling(text in "[+-]?[0-9]{0,12}(\\.[0-9]{0,6})?(|[numkMGTPE]|[KMGTPE]i|e[0-9])") {
            if let Ok(quantity) = text.parse::<Quantity>() {
                let spelling = quantity.to_string();
                let again = spelling.parse::<Quantity>().map(|q| q.to_string());
                prop_assert_eq!(again, Ok(spelling), "{}", text);
            }
        }
    }

    #[test]
    fn what_kubernetes_refuses_is_refused() {
        for text in ["", "Gi", "4 Gi", "1GB", "1mm", "1e", "much", "0x1", "1.2.3", "--1", "1Mi2"] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }
}
