//! The tool stays smaller than the product.

use crate::{Findings, tree::Tree};

const CODE: [&str; 6] = ["rs", "sql", "ts", "tsx", "mjs", "js"];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    tool: Vec<String>,
    tool_most: usize,
    product: Vec<String>,
}

pub(crate) fn check(tree: &Tree, limits: &Limits, findings: &mut Findings) {
    let lines = |folders: &[String]| -> usize {
        folders
            .iter()
            .flat_map(|folder| tree.under(folder, &CODE))
            .map(|(_, text)| text.lines().count())
            .sum()
    };
    let (tool, product) = (lines(&limits.tool), lines(&limits.product));
    if tool > limits.tool_most {
        findings.error(format!(
            "{} has {tool} lines, more than {}",
            limits.tool.join(", "),
            limits.tool_most
        ));
    }
    if tool * 2 >= product {
        findings.error(format!(
            "{} has {tool} lines, not less than half of the product's {product}",
            limits.tool.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(tool: &str, product: &str) -> usize {
        let limits = Limits {
            tool: vec!["xtask".into()],
            tool_most: 3,
            product: vec!["shared".into()],
        };
        let mut findings = Findings::default();
        check(
            &Tree::of(&[("xtask/main.rs", tool), ("shared/lib.rs", product)]),
            &limits,
            &mut findings,
        );
        findings.errors.len()
    }

    #[test]
    fn a_large_tool_is_found() {
        assert_eq!(errors("1\n", "1\n2\n3\n"), 0);
        assert_eq!(errors("1\n2\n", "1\n2\n3\n4\n"), 1);
        assert_eq!(errors("1\n2\n3\n4\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"), 1);
    }
}
