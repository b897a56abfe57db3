//! Links between the documents lead somewhere: to a file, a folder, or a heading.

use std::collections::{HashMap, HashSet};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{Findings, tree::Tree};

pub(crate) fn check(tree: &Tree, findings: &mut Findings) {
    let documents: HashMap<&str, Document> = tree
        .under("", &["md"])
        .map(|(path, text)| (path, Document::read(text)))
        .collect();
    for (path, document) in &documents {
        for link in &document.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link
                .split_once('#')
                .map_or((link.as_str(), None), |(file, heading)| {
                    (file, Some(heading))
                });
            let target = if file.is_empty() {
                (*path).to_owned()
            } else {
                resolve(path, file)
            };
            let lost = if !tree.has(&target) && !target.is_empty() {
                true
            } else {
                // A heading can be looked up in a document only.
                heading
                    .zip(documents.get(target.as_str()))
                    .is_some_and(|(heading, document)| !document.headings.contains(heading))
            };
            if lost {
                findings.error(format!("{path} links to {link}, which is not there"));
            }
        }
    }
}

/// The path from the root that a relative link in a document means.
fn resolve(document: &str, link: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[derive(Default)]
struct Document {
    headings: HashSet<String>,
    links: Vec<String>,
}

impl Document {
    fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => document
                    .headings
                    .extend(heading.take().map(|text| anchor(&text))),
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        document
    }
}

/// The anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|char| match char {
            ' ' => Some('-'),
            '-' | '_' => Some(char),
            _ if char.is_alphanumeric() => Some(char),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(readme: &str) -> usize {
        let mut findings = Findings::default();
        let files = [
            ("README.md", readme),
            (
                "docs/api.md",
                "# The API\n\n## Sizes, `limits`\n[up](../README.md)",
            ),
        ];
        check(&Tree::of(&files), &mut findings);
        findings.errors.len()
    }

    #[test]
    fn lost_files_and_headings_are_found() {
        assert_eq!(
            errors(
                "[a](docs/api.md) [b](docs/api.md#sizes-limits) [c](docs) [d](https://example.com/x)"
            ),
            0
        );
        assert_eq!(errors("[a](docs/app.md)"), 1);
        assert_eq!(errors("[a](docs/api.md#size)"), 1);
        assert_eq!(errors("# Here\n[a](#here) [b](#there)"), 1);
    }
}
