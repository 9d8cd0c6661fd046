//! Names: of jobs, and of Kubernetes' labels and annotations.

/// Whether a job may have this name. Jenkins' jobs may lie in folders.
pub(super) fn is_job_name(name: &str, in_folders: bool) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if !in_folders {
        return !name.is_empty() && name.chars().all(plain);
    }
    let mut chars = name.chars();
    let Some(first) = chars.next() else { return false };
    let rest = chars.as_str();
    plain(first) && rest.chars().all(|c| plain(c) || c == '/') && !rest.ends_with(['.', '/'])
}

/// Whether Kubernetes takes this as the key of a label or annotation: `name` or `prefix.example/name`.
pub(super) fn is_qualified_name(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_name_part(name),
        None => is_name_part(key),
    }
}

/// Whether Kubernetes takes this as the value of a label.
pub(super) fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_name_part(value)
}

fn is_name_part(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.len() <= api::keys::LABEL_VALUE_MAX
        && ends(name.chars().next())
        && ends(name.chars().last())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_subdomain(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 253
        && name.split('.').all(|label| {
            edge(label.chars().next())
                && edge(label.chars().last())
                && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_kubernetes_and_prow_judge_them() {
        assert!(is_job_name("a.B-c_1", false) && is_job_name("folder/unit", true) && is_job_name("u", true));
        for name in ["", "a b", "a/b", "pr\u{fc}fen", "unit\n"] {
            assert!(!is_job_name(name, false), "{name}");
        }
        for name in ["", "/unit", "unit/", "unit.", "a b"] {
            assert!(!is_job_name(name, true), "{name}");
        }
        assert!(is_qualified_name("a") && is_qualified_name("acme.example/x_y"));
        for key in ["", "a b", "a/b/c", "Acme.example/x", "-a", "/x", "acme/"] {
            assert!(!is_qualified_name(key), "{key}");
        }
        assert!(is_label_value("") && is_label_value(&"x".repeat(63)));
        assert!(!is_label_value(&"x".repeat(64)) && !is_label_value("x-") && !is_label_value("x y"));
    }
}
