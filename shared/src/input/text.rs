//! The rules for the text of a message.

use std::ops::RangeInclusive;

/// The longest text in Unicode scalar values, after trimming.
pub const MAX_TEXT_SCALARS: usize = 4_000;

/// Characters that show nothing by themselves: white space, control and format characters, fillers,
/// joiners, variation selectors, tags. The database has the same list.
pub const INVISIBLE: &[RangeInclusive<char>] = &[
    // Unicode's White_Space, except for the characters that are in a range below.
    '\u{20}'..='\u{20}',
    '\u{a0}'..='\u{a0}',
    '\u{1680}'..='\u{1680}',
    '\u{2000}'..='\u{200a}',
    '\u{2028}'..='\u{2029}',
    '\u{202f}'..='\u{202f}',
    '\u{205f}'..='\u{205f}',
    '\u{3000}'..='\u{3000}',
    // The other invisible characters.
    '\u{0}'..='\u{1f}',
    '\u{7f}'..='\u{9f}',
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{fffe}'..='\u{ffff}',
    '\u{13430}'..='\u{1343f}',
    '\u{16fe4}'..='\u{16fe4}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d159}'..='\u{1d159}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Whether a character shows nothing by itself.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    INVISIBLE.iter().any(|range| range.contains(&character))
}

/// Trims Unicode `White_Space` at both ends, and checks the rest.
///
/// # Errors
/// The text of the issue.
pub fn clean(text: &str) -> Result<&str, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("must not be blank");
    }
    // Postgres cannot store NUL.
    if text.contains('\0') {
        return Err("must not contain NUL");
    }
    if text.chars().nth(MAX_TEXT_SCALARS).is_some() {
        return Err("must have 1 to 4000 characters after trimming");
    }
    if text.chars().all(is_invisible) {
        return Err("must have a visible character");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_characters_are_kept() {
        for text in [
            "a",
            "a\n\n b",
            "👩‍👩‍👧‍👦",
            "مرحبا",
            "e\u{301}",
            "\u{301}",
            "\u{200b}.\u{feff}",
            "\u{1b}[31m",
        ] {
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
            Err("must have 1 to 4000 characters after trimming")
        );
    }

    #[test]
    fn nul_is_refused() {
        for text in ["a\0b", "\0", "\u{200b}\0"] {
            assert_eq!(clean(text), Err("must not contain NUL"), "{text:?}");
        }
    }

    #[test]
    fn a_text_of_only_invisible_characters_is_refused() {
        let ends = INVISIBLE
            .iter()
            .flat_map(|range| [*range.start(), *range.end()])
            .filter(|end| !end.is_whitespace() && *end != '\0');
        for end in ends {
            for text in [end.to_string(), format!("\u{200b} {end}\u{fe0f}")] {
                assert_eq!(
                    clean(&text),
                    Err("must have a visible character"),
                    "{text:?}"
                );
            }
            let text = format!("{end}.{end}");
            assert_eq!(clean(&text), Ok(text.as_str()), "{text:?}");
        }
    }

    #[test]
    fn the_list_has_all_invisible_characters_and_no_other() {
        let listed = ('\0'..=char::MAX).filter(|one| is_invisible(*one));
        let ranges = INVISIBLE.iter().map(|range| range.clone().count());
        // No range is in two lines.
        assert_eq!(listed.count(), ranges.sum::<usize>());
        assert!(('\0'..=char::MAX).all(|one| !one.is_whitespace() || is_invisible(one)));
        for visible in [
            '!',
            '~',
            '\u{a1}',
            '\u{ac}',
            '\u{ae}',
            '\u{34e}',
            '\u{350}',
            '\u{61b}',
            '\u{115e}',
            '\u{1161}',
            '\u{167f}',
            '\u{17b3}',
            '\u{17b6}',
            '\u{180a}',
            '\u{1810}',
            '\u{2010}',
            '\u{2027}',
            '\u{2030}',
            '\u{205e}',
            '\u{2070}',
            '\u{27ff}',
            '\u{2801}',
            '\u{3001}',
            '\u{3163}',
            '\u{3165}',
            '\u{fdff}',
            '\u{fe10}',
            '\u{fefe}',
            '\u{ff00}',
            '\u{ff9f}',
            '\u{ffa1}',
            '\u{ffef}',
            '\u{fffc}',
            '\u{1bc9f}',
            '\u{1bca4}',
            '\u{1d172}',
            '\u{1d17b}',
            '\u{dffff}',
            '\u{e1000}',
        ] {
            assert!(!is_invisible(visible), "{visible:?}");
        }
    }
}
