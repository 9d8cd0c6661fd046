//! On which base a status was earned: written at the end of its description, where Prow's tools look for it (spec 3.2).

use crate::facts::BaseSha;

/// The longest description that GitHub takes, in characters.
pub const DESCRIPTION_MAX: usize = 140;
/// A status with this in its description stays valid for its head whatever the base.
pub const SKIP_RETEST: &str = "[prow:skip-retest]";
const MARK: &str = " BaseSHA:";
const OLD_MARK: &str = " Basesha:";
/// Pushes the mark out of sight where a page shows the beginning only. No normal space: pages collapse those.
const PAD: char = '\u{2001}';
const PADDING: usize = 20;

/// The base that a description names, where it does.
pub fn base_of(description: &str) -> Option<BaseSha> {
    let (_, sha) = description.rsplit_once(MARK).or_else(|| description.rsplit_once(OLD_MARK))?;
    (sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit())).then(|| BaseSha::new(sha))
}

/// A description that names the base, within what GitHub takes: a text that is too long loses its middle.
pub fn with_base(text: &str, base: &BaseSha) -> String {
    let room = DESCRIPTION_MAX - MARK.len() - 40;
    let length = text.chars().count();
    let text = if length > room {
        const GAP: &str = " ... ";
        let half = (room - GAP.len()) / 2;
        let head: String = text.chars().take(half).collect();
        let tail: String = text.chars().skip(length - half).collect();
        format!("{head}{GAP}{tail}")
    } else {
        text.to_owned()
    };
    let padding = PADDING.min(room.saturating_sub(text.chars().count()));
    let pad: String = std::iter::repeat_n(PAD, padding).collect();
    format!("{text}{pad}{MARK}{base}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "b000000000000000000000000000000000000001";

    #[test]
    fn what_is_written_is_read_back_and_fits() {
        for text in ["Job succeeded.".to_owned(), "long ".repeat(60), "ä".repeat(140)] {
            let description = with_base(&text, &BaseSha::new(BASE));
            assert!(description.chars().count() <= DESCRIPTION_MAX);
            assert_eq!(base_of(&description), Some(BaseSha::new(BASE)));
        }
    }

    #[test]
    fn only_a_whole_id_at_the_end_counts() {
        assert_eq!(base_of("Job succeeded. BaseSHA:b1"), None);
        assert_eq!(base_of(&format!("Job succeeded. BaseSHA:{BASE} more")), None);
        assert_eq!(base_of(&format!("Job succeeded. Basesha:{BASE}")), Some(BaseSha::new(BASE)));
    }
}
