//! `/uploads`, attachments in messages, and what becomes of the files.

mod attach;
mod create;
mod hostile;
mod put;
mod read;
mod sweep;
