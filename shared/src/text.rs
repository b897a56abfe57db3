//! The rules for a message's text.

/// The longest text in Unicode scalar values, after trimming.
pub const MAX_TEXT_SCALARS: usize = 4_000;

/// Trims Unicode `White_Space` at both ends and checks what is left.
///
/// # Errors
/// What is wrong, as a field issue says it.
pub fn clean(text: &str) -> Result<&str, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("must not be blank");
    }
    // Postgres cannot store it.
    if text.contains('\0') {
        return Err("must not contain NUL");
    }
    if text.chars().nth(MAX_TEXT_SCALARS).is_some() {
        return Err("must be at most 4000 characters long");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_text_is_left_alone() {
        for text in ["a", "a\n\n b", "👩‍👩‍👧‍👦", "مرحبا", "e\u{301}", "\u{200b}"]
        {
            assert_eq!(clean(text), Ok(text));
        }
    }

    #[test]
    fn white_space_of_every_kind_is_trimmed_at_the_ends() {
        assert_eq!(
            clean("\u{3000}\u{85}\u{2028} a b \t\r\n\u{a0}\u{1680}"),
            Ok("a b")
        );
        for blank in ["", " ", "\n\t", "\u{2003}\u{205f}"] {
            assert_eq!(clean(blank), Err("must not be blank"), "{blank:?}");
        }
    }

    #[test]
    fn scalars_are_counted_after_trimming() {
        let longest = "🙂".repeat(4_000);
        assert_eq!(clean(&format!("  {longest}  ")), Ok(longest.as_str()));
        assert_eq!(
            clean(&format!("{longest}x")),
            Err("must be at most 4000 characters long")
        );
    }

    #[test]
    fn nul_is_refused() {
        assert_eq!(clean("a\0b"), Err("must not contain NUL"));
    }
}
