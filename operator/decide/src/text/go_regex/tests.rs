use super::*;
use proptest::prelude::*;

fn matches(expression: &str, text: &str) -> bool {
    GoRegex::new(expression).unwrap_or_else(|e| panic!("{expression}: {e}")).is_match(text)
}

fn refused(expression: &str) -> String {
    GoRegex::new(expression).expect_err(expression).to_string()
}

#[test]
fn a_refusal_tells_the_character_and_the_fix() {
    assert_eq!(refused("^pkg/é/cmd/.*("), r"unclosed group at character 14; did you mean '\('?");
    assert_eq!(refused("a)b"), r"closing bracket without an opening one at character 2; did you mean '\)'?");
    assert_eq!(refused("a[b"), r"unclosed character class at character 2; did you mean '\['?");
    assert_eq!(refused("*.md"), r"nothing to repeat before '*' at character 1; did you mean '.*' or '\*'?");
    assert_eq!(refused(r"a\"), r"the backslash at the end escapes nothing; did you mean '\\'?");
    assert_eq!(refused(r"\y"), r"'\y' at character 1 is not an escape; did you mean '\\\y'?");
}

#[test]
fn what_go_refuses_is_refused() {
    for expression in [
        "(?=x)",
        "(?!x)",
        "(?<=x)",
        "(?<!x)",
        "(?>a)",
        "(?#c)a",
        "(?z)a",
        "(?i-)a",
        "(?P<>a)",
        "(?P=n)",
        "(?P<n>a)(?P<n>b)",
        r"(a)\1",
        r"\8",
        r"\y",
        r"\C",
        r"\Z",
        r"\E",
        r"\é",
        r"\x{110000}",
        r"\xg0",
        "a**",
        "a++",
        "a{2}{3}",
        "*a",
        "(*a)",
        "a|*b",
        "a{2,1}",
        "a{1001}",
        "(a{50}){50}",
        "[z-a]",
        r"[a-\d]",
        "[[:foo:]]",
        r"\p{Foo}",
        r"\p{scx=Greek}",
        "[",
        "(",
        ")",
        "[]",
    ] {
        refused(expression);
    }
}

#[test]
fn braces_that_count_nothing_are_text() {
    assert!(matches("^{foo}$", "{foo}") && matches("^a{,5}$", "a{,5}") && matches("^x{$", "x{"));
    assert!(matches("^a{01}$", "a{01}") && !matches("^a{01}$", "a"));
    assert!(matches("^a{2,3}$", "aaa") && !matches("^a{2,3}$", "aaaa"));
    assert!(matches(r"a\b{start}", "a{start}") && !matches(r"\b{start}", "start"));
}

#[test]
fn quoted_text_is_text_and_a_repetition_takes_its_last_character() {
    assert!(matches(r"^\Qa.b\E$", "a.b") && !matches(r"^\Qa.b\E$", "axb"));
    assert!(matches(r"^\Qab\E*$", "abbb") && matches(r"^\Q(", "("));
}

#[test]
fn marks_of_the_other_dialect_are_plain_characters() {
    assert!(matches("^[[a]$", "[") && matches("^[a[]$", "["));
    // In Go this class is `a-z`, `&`, `[`, `^` and `b`, then a bracket as text.
    assert!(matches("[a-z&&[^b]]", "b]") && !matches("[a-z&&[^b]]", "b"));
    assert!(matches("^[+--]$", ",") && matches("^[a~~b]$", "~") && matches(r"^[\d-z]$", "-"));
    assert!(matches(r"^\<a\>$", "<a>") && matches("^[]a]$", "]") && matches("^a#b c$", "a#b c"));
}

#[test]
fn classes_and_word_boundaries_are_ascii() {
    assert!(!matches(r"\d", "٣") && matches(r"[^\d]", "٣") && !matches(r"\w", "é"));
    assert!(!matches(r"\s", "\u{b}") && !matches(r"\s", "\u{a0}") && matches("[[:space:]]", "\u{b}"));
    assert!(matches(r"\bmain\b", "émainé"), "a letter of another script bounds a word");
    assert!(matches(r"\B", "é") && !matches(r"a\Bé", "aé"));
}

#[test]
fn flags_hold_to_the_end_of_their_group() {
    assert!(matches("(?i)A.B", "a-b") && !matches("(?i)A.B", "a\nb") && matches("(?is)A.B", "a\nb"));
    assert!(matches("(?i:a)b", "Ab") && !matches("(?i:a)b", "AB") && matches("(?)a", "a"));
    assert!(matches("^(?ii-s)a$", "A") && matches("(?m)^b$", "a\nb\nc") && !matches("^b$", "a\nb"));
    assert!(matches("^a(?i)*B$", "aaab"), "a repetition after flags repeats what stands before them");
    assert!(matches("^a*(?i)?$", "aa"));
}

#[test]
fn a_list_matches_where_an_entry_does_and_halves_make_no_whole() {
    let any = GoRegex::any_of(&["^main$".into(), "release".into()]).unwrap();
    assert!(any.is_match("main") && any.is_match("my-release-1") && !any.is_match("maintenance"));
    assert!(GoRegex::any_of(&["(main".into(), "dev)".into()]).is_err());
}

#[test]
fn an_expression_cannot_eat_the_memory() {
    assert!(refused(&"a".repeat(5000)).contains("4096 bytes"));
    assert!(refused(r"(\pL{100}){10}").contains("too large"));
    assert!(matches("^a{1000}$", &"a".repeat(1000)));
}

proptest! {
    #[test]
    fn any_text_is_compiled_or_refused_and_never_untranslated(
        text in r"[a-c(){}\[\]|*+?.^$\\\-:,0-9QEdswbBpPxnUimé&~<>=!]{0,16}",
    ) {
        if let Err(invalid) = GoRegex::new(&text) {
            prop_assert!(
                !matches!(invalid.fault, Fault::Untranslated { .. }),
                "{text}: {invalid}"
            );
        }
    }

    #[test]
    fn quoted_text_matches_itself(text in "[^\\\\]{0,20}") {
        let quoted = format!(r"\A\Q{text}\E\z");
        prop_assert!(GoRegex::new(&quoted).unwrap().is_match(&text));
    }

    #[test]
    fn where_both_dialects_agree_so_do_the_answers(
        parts in prop::collection::vec(
            prop::sample::select(vec!["a", "b*", "c+?", ".", "[a-c]", "(?:a|b)", "x?", "^", "$", "(c)", "a{2}"]),
            0..6,
        ),
        text in "[abcx\n]{0,8}",
    ) {
        let expression = parts.concat();
        let expected = regex::Regex::new(&expression).unwrap().is_match(&text);
        prop_assert_eq!(GoRegex::new(&expression).unwrap().is_match(&text), expected, "{}", expression);
    }
}
