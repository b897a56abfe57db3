//! `shared` has no circles, and no module imports one that stands above it. The order of its wings is
//! the list in the doc comment of its `lib.rs`, lowest first.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use syn::{ItemUse, UseTree, visit::Visit};

use crate::{Findings, tree::Tree};

/// A module's path: `["http", "reply"]`.
type Module = Vec<String>;

pub(crate) fn check(tree: &Tree, source: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let library = tree.text(&format!("{source}/lib.rs"))?;
    let order = order(library);
    let modules: BTreeMap<Module, &str> = tree
        .under(source, &["rs"])
        .filter_map(|(path, text)| Some((module(path.strip_prefix(source)?)?, text)))
        .collect();
    let mut imports: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (module, text) in &modules {
        let file =
            syn::parse_file(text).with_context(|| format!("{source}: {}", module.join("::")))?;
        let mut reader = Imports {
            module,
            paths: Vec::new(),
        };
        reader.visit_file(&file);
        let found = reader.paths.iter().filter_map(|path| owner(&modules, path));
        // A module may use what its own children make.
        imports.insert(
            module,
            found
                .filter(|other| !other.starts_with(module) && !module.starts_with(other))
                .collect(),
        );
    }
    for (module, others) in &imports {
        let Some(own) = order.iter().position(|wing| Some(wing) == module.first()) else {
            findings.error(format!(
                "{source}/lib.rs does not list the module {}",
                module.join("::")
            ));
            continue;
        };
        for other in others {
            if order
                .iter()
                .position(|wing| Some(wing) == other.first())
                .is_some_and(|above| above > own)
            {
                findings.error(format!(
                    "{source}: {} imports upwards from {}",
                    module.join("::"),
                    other.join("::")
                ));
            }
        }
    }
    for module in imports.keys() {
        if reaches(&imports, module, module) {
            findings.error(format!(
                "{source}: {} is in a circle of imports",
                module.join("::")
            ));
        }
    }
    Ok(())
}

/// The names in the list: lines of the form "//! - `name`: …" or "//! 1. `name`: …".
fn order(library: &str) -> Vec<String> {
    library
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter_map(|line| {
            let item = line.trim_start_matches(|char: char| char.is_ascii_digit());
            let item = item
                .strip_prefix(". ")
                .or_else(|| item.strip_prefix("- "))?;
            Some(
                item.strip_prefix(['`', '['])?
                    .trim_start_matches('`')
                    .split(['`', ']'])
                    .next()?
                    .to_owned(),
            )
        })
        .collect()
}

/// The module that a file holds; tests and the crate's root are left out.
fn module(path: &str) -> Option<Module> {
    let path = path.trim_start_matches('/').strip_suffix(".rs")?;
    let parts: Module = path
        .split('/')
        .filter(|part| *part != "mod")
        .map(str::to_owned)
        .collect();
    let test = parts
        .iter()
        .any(|part| matches!(part.as_str(), "tests" | "testing" | "lib"));
    (!test).then_some(parts)
}

/// The module that a path names, or whose item it names.
fn owner<'a>(modules: &'a BTreeMap<Module, &str>, path: &[String]) -> Option<&'a Module> {
    (1..=path.len())
        .rev()
        .find_map(|length| modules.get_key_value(&path[..length]))
        .map(|(module, _)| module)
}

fn reaches(imports: &BTreeMap<&Module, BTreeSet<&Module>>, from: &Module, target: &Module) -> bool {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&Module> = imports.get(from).into_iter().flatten().copied().collect();
    while let Some(module) = next.pop() {
        if module == target {
            return true;
        }
        if seen.insert(module) {
            next.extend(imports.get(module).into_iter().flatten().copied());
        }
    }
    false
}

/// Collects what a module's code imports or names: `crate::…` and `super::…`, outside of its tests.
struct Imports<'a> {
    module: &'a Module,
    paths: Vec<Module>,
}

impl Imports<'_> {
    fn add(&mut self, segments: Module) {
        let mut path = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super") => self.module.clone(),
            Some("self") => self.module.clone(),
            _ => return,
        };
        for segment in segments {
            match segment.as_str() {
                "crate" | "self" => {}
                "super" => drop(path.pop()),
                _ => path.push(segment),
            }
        }
        self.paths.push(path);
    }

    fn tree(&mut self, prefix: &[String], tree: &UseTree) {
        let with = |name: String| [prefix, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.add(with(name.ident.to_string())),
            UseTree::Rename(rename) => self.add(with(rename.ident.to_string())),
            UseTree::Glob(_) => self.add(prefix.to_vec()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(prefix, item)),
        }
    }
}

impl<'ast> Visit<'ast> for Imports<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(
            path.segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect(),
        );
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let test = item
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("cfg"));
        if !test {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: (&str, &str) = ("s/lib.rs", "//! - `low`: first\n//! - `high`: then\n");

    fn errors(low: &str, high: &str, child: &str) -> Vec<String> {
        let mut findings = Findings::default();
        let files = [
            LIBRARY,
            ("s/low.rs", low),
            ("s/high.rs", high),
            ("s/high/child.rs", child),
        ];
        check(&Tree::of(&files), "s", &mut findings).expect("the code parses");
        findings.errors
    }

    #[test]
    fn imports_downwards_pass() {
        assert_eq!(
            errors("", "use crate::low::{A, b::C}; mod child;", "use super::X;"),
            [""; 0]
        );
        assert_eq!(
            errors("#[cfg(test)] mod tests { use crate::high::X; }", "", ""),
            [""; 0]
        );
    }

    #[test]
    fn an_import_upwards_is_found() {
        assert_eq!(
            errors("use crate::{high::{X}};", "", ""),
            ["s: low imports upwards from high"]
        );
        assert_eq!(
            errors("fn f() { crate::high::child::g() }", "", ""),
            ["s: low imports upwards from high::child"]
        );
    }

    #[test]
    fn a_circle_is_found() {
        let found = errors("use super::high::X;", "fn f(x: crate::low::Y) {}", "");
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn a_module_without_a_place_is_found() {
        let mut findings = Findings::default();
        check(
            &Tree::of(&[LIBRARY, ("s/third.rs", "")]),
            "s",
            &mut findings,
        )
        .expect("the code parses");
        assert_eq!(findings.errors, ["s/lib.rs does not list the module third"]);
    }
}
