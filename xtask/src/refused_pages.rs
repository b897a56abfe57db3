//! Tells the person at `cargo xtask dev` which pages were refused: a browser tells it only in the page's console, and
//! the functions only in their log.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Result;
use shared::http::cors::{NOT_LISTED, is_origin};

/// A program that makes origins up must not fill the terminal.
const MOST: usize = 20;

/// The logs, and how far they have been read.
pub struct RefusedPages {
    logs: Vec<(PathBuf, u64)>,
    told: BTreeSet<String>,
}

impl RefusedPages {
    pub fn new(logs: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            logs: logs.into_iter().map(|log| (log, 0)).collect(),
            told: BTreeSet::new(),
        }
    }

    /// Prints what is new, each origin once.
    pub fn show_new(&mut self) -> Result<()> {
        for origin in self.new_ones()? {
            println!(
                "\na page of {origin} was refused. To allow it, start again with `--origin {origin}`, \
                 and with the other origins: they are no longer the default's then"
            );
        }
        Ok(())
    }

    fn new_ones(&mut self) -> Result<Vec<String>> {
        let mut new = Vec::new();
        for (log, at) in &mut self.logs {
            let lines = lines_from(log, at)?;
            for origin in lines.lines().filter_map(refused) {
                if self.told.len() < MOST && self.told.insert(origin.to_owned()) {
                    new.push(origin.to_owned());
                }
            }
        }
        Ok(new)
    }
}

/// The whole lines from a place on, which moves behind them. The file may not be there yet.
fn lines_from(log: &Path, at: &mut u64) -> Result<String> {
    let Ok(mut file) = File::open(log) else {
        return Ok(String::new());
    };
    file.seek(SeekFrom::Start(*at))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
    bytes.truncate(whole.map_or(0, |end| end + 1));
    *at += bytes.len() as u64;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The origin in a line of the functions (JSON) or of the API gateway (`- <origin> is not …`).
fn refused(line: &str) -> Option<&str> {
    let (before, _) = line.split_once(NOT_LISTED)?;
    let origin = before.rsplit([' ', '"']).next()?;
    is_origin(origin).then_some(origin)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn each_origin_is_told_once_when_its_line_is_whole() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        let mut pages = RefusedPages::new([log.path().to_owned(), PathBuf::from("/nowhere")]);
        let mut after = |text: &str| {
            log.write_all(text.as_bytes()).unwrap();
            pages.new_ones().unwrap()
        };
        assert_eq!(
            after("- https://a.example is not in CORS_ALLOWED_"),
            [""; 0]
        );
        assert_eq!(after("ORIGINS\n- null is no"), ["https://a.example"]);
        let json =
            r#"{"id":"1","refusedOrigin":"http://b.example:1 is not in CORS_ALLOWED_ORIGINS"}"#;
        let rest = format!("t in CORS_ALLOWED_ORIGINS\n{json}\n{json}\n");
        assert_eq!(after(&rest), ["null", "http://b.example:1"]);
        assert_eq!(
            after("- another origin is not in CORS_ALLOWED_ORIGINS\n"),
            [""; 0]
        );
        for number in 0..100 {
            after(&format!(
                "- http://c.example:{number} is not in CORS_ALLOWED_ORIGINS\n"
            ));
        }
        assert_eq!(pages.told.len(), MOST);
    }
}
