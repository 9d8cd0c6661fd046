//! Which commands are still to be carried out, from everything that was said (DESIGN C1 to C3).
//!
//! Nothing is stored for it but our mark on each text: what is edited before it was marked never runs, and what is older
//! than our time here does not either. `/approve` is not among it: approval is recomputed from all texts every time.

use super::{Said, grammar};
use crate::{
    facts::{Comment, Login, Review},
    trigger::Standing,
};
use jiff::Timestamp;

/// The texts of an issue or pull request.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    /// The description as a text of its author, and all comments.
    pub comments: &'a [Comment],
    /// The reviews of a pull request.
    pub reviews: &'a [Review],
}

/// What is to be done about them.
#[derive(Clone, Debug, Default)]
pub struct Pending<'a> {
    /// Texts with commands to carry out, in the order in which they were written. Each is to be marked after all of its
    /// effects.
    pub due: Vec<(&'a Comment, Said<'a>)>,
    /// Texts with commands that were edited before we read them. Their authors are told once, and nothing runs.
    pub edited: Vec<&'a Comment>,
}

/// Finds the commands that are not yet acted upon. `us`: the login that we act as; `since`: nothing that was written
/// before counts.
pub fn pending<'a>(texts: Texts<'a>, us: &Login, since: Timestamp) -> Pending<'a> {
    let comments = texts.comments.iter().map(|comment| (comment, None));
    let reviews = texts.reviews.iter().map(|review| (&review.comment, Some((&review.state, &review.commit))));
    let mut all: Vec<_> = comments.chain(reviews).collect();
    all.sort_by_key(|(comment, _)| (comment.created_at, comment.id));
    let mut pending = Pending::default();
    for (comment, review) in all {
        // We quote commands, we do not give them.
        let Some(by) = comment.author.as_ref().filter(|_| !comment.is_by(us)) else { continue };
        let standing = Standing::of(comment, since);
        if matches!(standing, Standing::Done | Standing::TooOld) {
            continue;
        }
        let said = Said {
            by_app: comment.author_is_bot,
            review,
            ..Said::new(by, comment.created_at, &comment.body)
        };
        let known = |word: &str| grammar::ALL.iter().any(|row| row.takes(word));
        let commands = said.commands.iter().any(|command| known(&command.word));
        match standing {
            // A review may count without a command.
            Standing::Due if commands || review.is_some() => pending.due.push((comment, said)),
            Standing::Edited if commands => pending.edited.push(comment),
            Standing::Due | Standing::Edited | Standing::Done | Standing::TooOld => {}
        }
    }
    pending
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{CommentId, HeadSha, ReviewState};

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn comment(id: u64, by: &str, body: &str) -> Comment {
        Comment {
            id: CommentId::Comment(id),
            node_id: String::new(),
            author: Some(Login::new(by)),
            author_is_bot: false,
            body: body.to_owned(),
            created_at: minute(i64::try_from(id).unwrap()),
            last_edited_at: None,
            marked: false,
            url: String::new(),
        }
    }

    fn due(comments: &[Comment], since: i64) -> Vec<CommentId> {
        let texts = Texts { comments, reviews: &[] };
        let pending = pending(texts, &Login::new("bowsprit"), minute(since));
        pending.due.iter().map(|(comment, _)| comment.id).collect()
    }

    #[test]
    fn commands_run_in_the_order_in_which_they_were_written() {
        let comments =
            [comment(3, "kim", "/hold"), comment(1, "lee", "/lgtm"), comment(2, "kim", "no command")];
        assert_eq!(due(&comments, 0), [CommentId::Comment(1), CommentId::Comment(3)]);
    }

    #[test]
    fn what_carries_our_mark_is_done() {
        let marked = Comment { marked: true, ..comment(1, "kim", "/hold") };
        assert!(due(&[marked], 0).is_empty());
    }

    #[test]
    fn nothing_older_than_our_time_here_runs() {
        assert!(due(&[comment(1, "kim", "/hold")], 2).is_empty());
    }

    #[test]
    fn an_edit_never_runs_a_command_and_is_told() {
        let edited = Comment { last_edited_at: Some(minute(9)), ..comment(1, "kim", "/hold") };
        let harmless = Comment { last_edited_at: Some(minute(9)), ..comment(2, "kim", "hello") };
        let texts = Texts { comments: &[edited, harmless], reviews: &[] };
        let pending = pending(texts, &Login::new("bowsprit"), minute(0));
        assert!(pending.due.is_empty());
        let told: Vec<CommentId> = pending.edited.iter().map(|comment| comment.id).collect();
        assert_eq!(told, [CommentId::Comment(1)]);
    }

    #[test]
    fn we_do_not_command_ourselves() {
        assert!(due(&[comment(1, "bowsprit", "/hold")], 0).is_empty());
    }

    #[test]
    fn a_review_counts_without_a_command() {
        let comment = Comment { id: CommentId::Review(1), ..comment(1, "kim", "") };
        let review = Review { comment, state: ReviewState::Approved, commit: HeadSha::new("abc") };
        let texts = Texts { comments: &[], reviews: &[review] };
        let pending = pending(texts, &Login::new("bowsprit"), minute(0));
        assert!(pending.due[0].1.review.is_some());
    }
}
