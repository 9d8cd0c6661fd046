//! The word that somebody meant who wrote another.

/// The known word that is at most two slips (a letter more, less, other or swapped) from the one written, and less than
/// half of it.
pub fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.to_lowercase().chars().collect();
    known
        .map(|word| (slips(&written, &word.to_lowercase().chars().collect::<Vec<_>>()), word))
        .filter(|(slips, _)| *slips <= 2 && slips * 2 < written.len())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, word)| word)
}

/// Edit distance with swaps of neighbours, row by row.
fn slips(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut best = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i - 1] == *b && *a == other[j - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let known = || ["lgtm", "label", "ownersLabel"].into_iter();
        assert_eq!(nearest("lgmt", known()), Some("lgtm"));
        assert_eq!(nearest("ownerslabels", known()), Some("ownersLabel"));
        assert_eq!(nearest("lable", known()), Some("label"));
    }

    #[test]
    fn another_word_is_not_taken_for_a_slip() {
        assert_eq!(nearest("frobnicate", ["lgtm", "label"].into_iter()), None);
        assert_eq!(nearest("ab", ["cd"].into_iter()), None);
    }
}
