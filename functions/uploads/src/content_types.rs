//! The content type of a file. Devices send several names for one type, or none.

use shared::input::text::is_invisible;

/// Content types that tell nothing about a file.
const UNKNOWN: [&str; 2] = ["", "application/octet-stream"];

/// The names that devices send, and the canonical names, which the bucket allows. The database has the
/// same list.
pub const ALIASES: &[(&str, &str)] = &[
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("application/x-zip-compressed", "application/zip"),
    ("application/x-zip", "application/zip"),
    ("audio/x-m4a", "audio/mp4"),
    ("audio/m4a", "audio/mp4"),
    ("audio/mp4a-latm", "audio/mp4"),
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-mp3", "audio/mpeg"),
    ("audio/x-mpeg", "audio/mpeg"),
    ("audio/x-wav", "audio/wav"),
    ("audio/wave", "audio/wav"),
    ("audio/vnd.wave", "audio/wav"),
    ("audio/x-aac", "audio/aac"),
    ("video/x-m4v", "video/mp4"),
    ("application/x-pdf", "application/pdf"),
    ("text/x-markdown", "text/markdown"),
    ("application/csv", "text/csv"),
    ("text/comma-separated-values", "text/csv"),
];

/// The types of file name extensions. The database has the same list.
const EXTENSIONS: &[(&str, &str)] = &[
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("avif", "image/avif"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("3gp", "video/3gpp"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("aac", "audio/aac"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("zip", "application/zip"),
    ("doc", "application/msword"),
    ("xls", "application/vnd.ms-excel"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
];

/// The canonical name of a file's type. It is the declared type or, if that tells nothing, the type of
/// the file name's extension. `None` if the extension is unknown too.
#[must_use]
pub fn of_file(declared: &str, file_name: &str) -> Option<String> {
    let declared = canonical(declared);
    if UNKNOWN.contains(&declared.as_str()) {
        return by_extension(file_name).map(str::to_owned);
    }
    Some(declared)
}

/// The canonical name of a type, in lower case and without parameters: `audio/webm;codecs=opus` becomes
/// `audio/webm`.
#[must_use]
pub fn canonical(declared: &str) -> String {
    let essence = declared.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let known = ALIASES.iter().find(|(alias, _)| *alias == essence);
    known.map_or(essence, |(_, name)| (*name).to_owned())
}

fn by_extension(file_name: &str) -> Option<&'static str> {
    // Characters that do not show at the end of a name.
    let mute = |character| ['.', '/', '\\'].contains(&character) || is_invisible(character);
    let (_, extension) = file_name.trim_end_matches(mute).rsplit_once('.')?;
    let mut known = EXTENSIONS.iter();
    let (_, name) = known.find(|(known, _)| known.eq_ignore_ascii_case(extension))?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::CONTENT_TYPES;

    #[test]
    fn each_alias_and_extension_has_an_allowed_type() {
        let allowed: Vec<&str> = CONTENT_TYPES.split(',').collect();
        for (name, leads_to) in ALIASES.iter().chain(EXTENSIONS) {
            assert!(allowed.contains(leads_to), "{name}");
            assert!(!allowed.contains(name), "{name}");
            assert_eq!(canonical(leads_to), *leads_to, "{name}");
        }
        for never in ["text/html", "image/svg+xml", "application/octet-stream"] {
            assert!(!allowed.contains(&never), "{never}");
        }
    }

    #[test]
    fn a_declared_type_gets_its_canonical_name_whatever_the_file_name() {
        for (declared, name) in [
            ("image/jpg", "image/jpeg"),
            ("Image/PJPEG", "image/jpeg"),
            ("image/x-png", "image/png"),
            ("application/x-zip-compressed", "application/zip"),
            (" audio/x-m4a ; codecs=mp4a", "audio/mp4"),
            ("audio/mp3", "audio/mpeg"),
            ("audio/vnd.wave", "audio/wav"),
            ("audio/x-aac", "audio/aac"),
            ("video/x-m4v", "video/mp4"),
            ("text/x-markdown; charset=utf-8", "text/markdown"),
            ("application/csv", "text/csv"),
            // Not an alias. Another check refuses types that are not allowed.
            ("Text/HTML", "text/html"),
            ("image/*", "image/*"),
        ] {
            assert_eq!(of_file(declared, "a.pdf").as_deref(), Some(name));
        }
    }

    #[test]
    fn without_a_type_the_extension_counts() {
        for declared in [
            "",
            " ",
            "; charset=utf-8",
            "application/octet-stream",
            "Application/Octet-Stream",
        ] {
            for (file_name, name) in [
                ("photo.jpg", Some("image/jpeg")),
                ("PHOTO.JPEG", Some("image/jpeg")),
                ("a.tar.zip", Some("application/zip")),
                (".heic", Some("image/heic")),
                ("voice.m4a. ", Some("audio/mp4")),
                ("notes.md\u{200b}", Some("text/markdown")),
                ("clip.3gp", Some("video/3gpp")),
                ("jpg", None),
                ("photo.jpg.exe", None),
                ("page.html", None),
                ("drawing.svg", None),
                ("photo.", None),
                ("a.jpg/b", None),
                ("", None),
                ("...", None),
            ] {
                let found = of_file(declared, file_name);
                assert_eq!(found.as_deref(), name, "{declared:?} {file_name:?}");
            }
        }
    }
}
