//! `shared` has no circles: a module imports only from modules above it in the list that the doc comment of
//! `lib.rs` has.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use syn::{ItemMod, ItemUse, UseTree, visit::Visit};

use crate::{Findings, tree::Tree};

/// A module's path: `["http", "reply"]`.
type Module = Vec<String>;

pub(crate) fn check(tree: &Tree, source: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let order = order(tree.text(&format!("{source}/lib.rs"))?);
    let mut modules = BTreeMap::new();
    let mut for_tests = BTreeSet::new();
    for (path, text) in tree.under(source, &["rs"]) {
        let module = module(&path[source.len()..]);
        let file = syn::parse_file(text).with_context(|| path.to_owned())?;
        for item in &file.items {
            if let syn::Item::Mod(child) = item
                && is_for_tests(child)
            {
                for_tests.insert([module.as_slice(), &[child.ident.to_string()]].concat());
            }
        }
        modules.insert(module, file);
    }
    modules.retain(|module, _| !for_tests.iter().any(|test| module.starts_with(test)));
    // A place in the list is also the place of the module's children, unless they have their own.
    let place = |module: &Module| {
        let above = order
            .iter()
            .enumerate()
            .filter(|(_, listed)| module.starts_with(listed));
        above
            .max_by_key(|(_, listed)| listed.len())
            .map(|(place, _)| place)
    };
    for (module, file) in &modules {
        let name = module.join("::");
        let Some(own) = place(module) else {
            let wing = order.iter().any(|listed| listed.starts_with(module));
            let declares =
                |item: &syn::Item| matches!(item, syn::Item::Mod(child) if child.content.is_none());
            if !wing {
                findings.error(format!("{source}/lib.rs does not list the module {name}"));
            } else if !file.items.iter().all(declares) {
                findings.error(format!(
                    "{source}: {name} is not in the list and does more than declare modules"
                ));
            }
            continue;
        };
        let mut reader = Imports {
            module,
            paths: BTreeSet::new(),
        };
        reader.visit_file(file);
        let owners: BTreeSet<&Module> = reader
            .paths
            .iter()
            .filter_map(|path| owner(&modules, path))
            .collect();
        for other in owners.into_iter().filter(|other| *other != module) {
            match place(other) {
                Some(place) if place <= own => {}
                Some(_) => findings.error(format!(
                    "{source}: {name} imports from {}, which is below it in the list",
                    other.join("::")
                )),
                None => findings.error(format!(
                    "{source}: {name} imports the whole of {}",
                    other.join("::")
                )),
            }
        }
    }
    Ok(())
}

/// The modules of the list: lines such as "//! 3. `http::path`".
fn order(library: &str) -> Vec<Module> {
    library
        .lines()
        .filter_map(|line| line.strip_prefix("//! ")?.split_once(". `"))
        .filter(|(number, _)| number.parse::<u32>().is_ok())
        .filter_map(|(_, rest)| {
            Some(
                rest.split_once('`')?
                    .0
                    .split("::")
                    .map(str::to_owned)
                    .collect(),
            )
        })
        .collect()
}

/// The module that a file holds; of the crate's root, the empty path.
fn module(path: &str) -> Module {
    let parts = path
        .trim_start_matches('/')
        .trim_end_matches(".rs")
        .split('/');
    parts
        .filter(|part| !matches!(*part, "mod" | "lib"))
        .map(str::to_owned)
        .collect()
}

/// The module that a path names, or whose item it names.
fn owner<'a, T>(modules: &'a BTreeMap<Module, T>, path: &[String]) -> Option<&'a Module> {
    (1..=path.len())
        .rev()
        .find_map(|length| modules.get_key_value(&path[..length]))
        .map(|(module, _)| module)
}

fn is_for_tests(item: &ItemMod) -> bool {
    item.attrs.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// Collects what a module's code imports or names: `crate::…` and `super::…`, outside of its tests.
struct Imports<'a> {
    module: &'a Module,
    paths: BTreeSet<Module>,
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
        self.paths.insert(path);
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

    /// `pub(super)` imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // What a macro holds need not be Rust; only its full paths are looked at.
        let tokens = item.tokens.to_string().replace(' ', "");
        for path in tokens.split("crate::").skip(1) {
            let end = path.find(|char: char| !char.is_alphanumeric() && !"_:".contains(char));
            let path = &path[..end.unwrap_or(path.len())];
            let segments = path.split("::").filter(|part| !part.is_empty());
            self.paths.insert(segments.map(str::to_owned).collect());
        }
        syn::visit::visit_macro(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(item) {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: (&str, &str) = (
        "s/lib.rs",
        "//! 1. `low`\n//! 2. `wing::middle`\n//! 3. `high`\n",
    );

    fn errors(low: &str, middle: &str, child: &str) -> Vec<String> {
        let mut findings = Findings::default();
        let wing = ("s/wing.rs", "mod middle; #[cfg(test)] mod fixtures;");
        let fixtures = ("s/wing/fixtures.rs", "use crate::high::X;");
        let files = [
            LIBRARY,
            wing,
            fixtures,
            ("s/low.rs", low),
            ("s/wing/middle.rs", middle),
            ("s/high/child.rs", child),
        ];
        check(&Tree::of(&files), "s", &mut findings).expect("the code parses");
        findings.errors
    }

    #[test]
    fn imports_of_modules_above_pass() {
        assert_eq!(
            errors(
                "",
                "use crate::low::{A, b::C};",
                "use super::X; use crate::wing::middle::Y; pub(super) struct Z;"
            ),
            [""; 0]
        );
        assert_eq!(
            errors("#[cfg(test)] mod tests { use crate::high::X; }", "", ""),
            [""; 0]
        );
    }

    #[test]
    fn an_import_of_a_module_below_is_found() {
        let found = ["s: low imports from wing::middle, which is below it in the list"];
        assert_eq!(errors("use crate::{wing::{middle::{X}}};", "", ""), found);
        assert_eq!(errors("fn f() { crate::wing::middle::g() }", "", ""), found);
        assert_eq!(
            errors("", "fn f(x: super::super::high::child::Y) {}", "").len(),
            1
        );
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
