//! Where there is no browser, its tests are not run, and the last line says so. CI must have one.

use harness::Checkout;

/// The last line of `cargo xtask test browser` where no browser can be found, and whether it has succeeded.
fn last_line(ci: &str) -> (String, bool) {
    let checkout = Checkout::new();
    let mut xtask = checkout.xtask();
    xtask.args(["test", "browser"]);
    xtask.env("PATH", checkout.state()).env("CI", ci);
    let output = xtask.env("CHROME_BIN", "").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    let told = said.lines().find(|line| line.contains("not run: browser"));
    let last = said.lines().last().unwrap_or_default();
    assert!(told.is_some(), "{said}");
    (last.to_owned(), output.status.success())
}

#[test]
fn without_one_the_last_line_says_how_to_install_it() {
    let (line, is_success) = last_line("");
    assert_eq!(
        line,
        "not run: browser. It needs a Chrome or Chromium on the PATH or in CHROME_BIN; on Debian `apt-get install chromium`"
    );
    assert!(is_success);
}

#[test]
fn in_ci_that_is_a_failure() {
    assert!(!last_line("true").1);
}
