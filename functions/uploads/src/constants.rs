//! Limits that this function and the migration of uploads both have.

/// The largest attachment in bytes, unless a variable sets another limit. The bucket has the same limit.
pub const MAX_BYTES: u64 = 26_214_400;

/// The largest width and height of a picture or video, in pixels.
pub const MAX_PIXELS: u32 = 100_000;

/// The types of attachments, unless a variable sets other types. The bucket has the same list. No browser
/// opens any of them as a page or runs it as a program.
pub const CONTENT_TYPES: &str = "image/jpeg,image/png,image/gif,image/webp,image/heic,image/heif,image/avif,\
    video/mp4,video/quicktime,video/webm,video/3gpp,\
    audio/mpeg,audio/mp4,audio/ogg,audio/webm,audio/wav,audio/aac,audio/3gpp,\
    application/pdf,text/plain,text/csv,text/markdown,application/zip,\
    application/msword,application/vnd.ms-excel,application/vnd.ms-powerpoint,\
    application/vnd.openxmlformats-officedocument.wordprocessingml.document,\
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,\
    application/vnd.openxmlformats-officedocument.presentationml.presentation,\
    application/vnd.oasis.opendocument.text,\
    application/vnd.oasis.opendocument.spreadsheet,\
    application/vnd.oasis.opendocument.presentation";
