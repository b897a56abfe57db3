//! Text of the few characters that no URL, path, header or JSON string has to escape.

/// Whether there is nothing but `[A-Za-z0-9._-]` in it.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_three_marks_are_plain() {
        for plain in ["", "azAZ09", "a.b-c_d", "..", "-"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            " ", "a b", "a/b", "a%20", "a+b", "a=", "a~", "é", "a\0", "\n",
        ] {
            assert!(!is_plain(other), "{other:?}");
        }
    }
}
