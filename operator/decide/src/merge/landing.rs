//! How GitHub's answers to a merge call are understood, and what follows for the rest of a list (spec 3.9).

use jiff::SignedDuration;

/// GitHub's answer to a merge call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It merged.
    Merged {
        /// As which commit.
        commit: String,
    },
    /// The head is another one now.
    HeadModified,
    /// The branch moved in the meantime; the same call may succeed a moment later.
    BaseModified,
    /// We may not push to this branch: nothing else will merge either.
    Unauthorized(String),
    /// The repository forbids the method: nothing else will merge either.
    MethodForbidden(String),
    /// GitHub's rules or the content stand in the way.
    Unmergeable(String),
    /// The call itself was wrong.
    Invalid(String),
    /// Too many calls: nothing else may be tried before.
    Throttled(String),
    /// Another refusal.
    Refused(String),
    /// It may have merged or not: a server error, or no answer at all.
    Unclear(String),
}

/// Reads an answer: HTTP status, GitHub's message, the commit of a merge, and whether GitHub asked to wait.
pub fn understand(status: u16, message: &str, commit: &str, told_to_wait: bool) -> Answer {
    let says = |text: &str| message.contains(text);
    let message = message.to_owned();
    match status {
        200..=299 => Answer::Merged { commit: commit.to_owned() },
        405 if says("Base branch was modified") => Answer::BaseModified,
        405 if says("not authorized to push to this branch") => Answer::Unauthorized(message),
        405 if says("Merge commits are not allowed on this repository") => Answer::MethodForbidden(message),
        405 => Answer::Unmergeable(message),
        409 => Answer::HeadModified,
        422 => Answer::Invalid(message),
        429 => Answer::Throttled(message),
        403 if told_to_wait || says("rate limit") => Answer::Throttled(message),
        400..=499 => Answer::Refused(message),
        _ => Answer::Unclear(message),
    }
}

/// What follows from an answer for a list of merges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This one is merged; wait, if there is another.
    Landed {
        /// GitHub needs a moment to notice that the branch moved.
        pause: SignedDuration,
    },
    /// The same call again, after a pause.
    Again(SignedDuration),
    /// Not this one; the next.
    Skip,
    /// None of the rest.
    Stop,
}

/// How often Tide tries one merge.
const ATTEMPTS: u32 = 3;

/// What Tide does next, after this answer to the `attempt`-th call for one pull request (from 1). It goes on with the
/// rest of a batch where one of it fails, and so accepts a combination that nobody tested.
pub fn as_tide(answer: &Answer, attempt: u32) -> Step {
    match answer {
        Answer::Merged { .. } => Step::Landed { pause: SignedDuration::from_secs(5) },
        Answer::BaseModified if attempt < ATTEMPTS => {
            Step::Again(SignedDuration::from_secs(4 << attempt.saturating_sub(1)))
        }
        Answer::Unauthorized(_) | Answer::MethodForbidden(_) | Answer::Throttled(_) => Step::Stop,
        Answer::BaseModified
        | Answer::HeadModified
        | Answer::Unmergeable(_)
        | Answer::Invalid(_)
        | Answer::Refused(_)
        | Answer::Unclear(_) => Step::Skip,
    }
}

impl Answer {
    /// What people are told where it is no merge.
    pub fn words(&self) -> String {
        match self {
            Self::Merged { commit } => format!("merged as {commit}"),
            Self::HeadModified => "the pull request was pushed to".into(),
            Self::BaseModified => "the branch was moved by somebody else".into(),
            Self::Unauthorized(_) => "the branch rules do not let the operator push".into(),
            Self::MethodForbidden(_) => "the repository does not allow this merge method".into(),
            Self::Unmergeable(message) | Self::Invalid(message) | Self::Refused(message) => {
                plain(message, "GitHub gave no reason")
            }
            Self::Throttled(_) => "GitHub asks for a pause".into(),
            Self::Unclear(_) => "GitHub's answer was unclear".into(),
        }
    }
}

/// GitHub's message where it is a sentence; never a raw document, which some proxies answer with.
fn plain(message: &str, otherwise: &str) -> String {
    let message = message.trim();
    let document = message.starts_with(['{', '<', '[']);
    if message.is_empty() || document { otherwise.to_owned() } else { message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_status_and_words() {
        let read = |status, message| understand(status, message, "c1", false);
        assert_eq!(read(200, ""), Answer::Merged { commit: "c1".into() });
        assert_eq!(
            read(405, "Base branch was modified. Review and try the merge again."),
            Answer::BaseModified
        );
        assert_eq!(read(409, "Head branch was modified."), Answer::HeadModified);
        assert!(matches!(read(403, "API rate limit exceeded"), Answer::Throttled(_)));
        assert!(matches!(read(502, "<html>"), Answer::Unclear(_)));
        assert!(matches!(read(404, "Not Found"), Answer::Refused(_)));
    }

    #[test]
    fn no_raw_document_reaches_people() {
        assert_eq!(Answer::Refused("{\"message\": \"x\"}".into()).words(), "GitHub gave no reason");
    }

    #[test]
    fn a_moved_base_is_tried_again_after_four_and_eight_seconds() {
        let pauses: Vec<Step> = (1..=3).map(|attempt| as_tide(&Answer::BaseModified, attempt)).collect();
        let again = |secs| Step::Again(SignedDuration::from_secs(secs));
        assert_eq!(pauses, [again(4), again(8), Step::Skip]);
    }
}
