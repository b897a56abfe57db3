//! What the migration of uploads and this function both know.

/// The largest attachment in bytes where no variable says otherwise: the bucket's limit.
pub const MAX_BYTES: u64 = 26_214_400;

/// The types of attachments where no variable says otherwise: the bucket's list. None of them is a
/// page or a program to a browser.
pub const CONTENT_TYPES: &str = "image/jpeg,image/png,image/gif,image/webp,image/heic,image/heif,\
    video/mp4,video/quicktime,video/webm,audio/mpeg,audio/mp4,audio/ogg,audio/webm,\
    application/pdf,text/plain,text/csv,application/zip,\
    application/msword,application/vnd.ms-excel,application/vnd.ms-powerpoint,\
    application/vnd.openxmlformats-officedocument.wordprocessingml.document,\
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,\
    application/vnd.openxmlformats-officedocument.presentationml.presentation,\
    application/vnd.oasis.opendocument.text,\
    application/vnd.oasis.opendocument.spreadsheet,\
    application/vnd.oasis.opendocument.presentation";
