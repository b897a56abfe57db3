//! What the functions' wrangler.toml files must say.

use std::fs;

use toml::{Table, Value};

use crate::root;

/// Each function's name and configuration. The gateway's is in the root.
fn configs() -> Vec<(String, Table)> {
    let folders = fs::read_dir(root().join("functions")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| {
            let file = match name.as_str() {
                "gateway" => root().join("wrangler.toml"),
                _ => root().join("functions").join(&name).join("wrangler.toml"),
            };
            (name, fs::read_to_string(file).unwrap().parse().unwrap())
        })
        .collect()
}

fn rate_limits(config: &Table) -> &[Value] {
    let limits = config.get("ratelimits").and_then(Value::as_array);
    limits.map_or(&[], Vec::as_slice)
}

#[test]
fn each_function_has_a_log() {
    for (name, config) in configs() {
        let enabled = config["observability"]["enabled"].as_bool();
        assert_eq!(enabled, Some(true), "{name}");
    }
}

/// Without it a request that hangs up stays in memory.
#[test]
fn each_function_hears_that_its_client_hangs_up() {
    for (name, config) in configs() {
        let flags = config["compatibility_flags"].as_array().unwrap();
        assert!(flags.contains(&"enable_request_signal".into()), "{name}");
    }
}

#[test]
fn all_functions_that_know_users_count_their_requests_together() {
    let mut found = Vec::new();
    for (name, config) in configs() {
        let limit = rate_limits(&config)
            .iter()
            .find(|limit| limit["name"].as_str() == Some("REQUEST_LIMIT_10S"));
        assert_eq!(limit.is_none(), name == "gateway", "{name}");
        found.extend(limit.map(|limit| (limit["namespace_id"].clone(), limit["simple"].clone())));
    }
    assert!(found.len() > 1);
    assert!(found.iter().all(|limit| *limit == found[0]), "{found:?}");
}

/// The code knows a limit's period by its name alone.
#[test]
fn a_limit_is_named_after_its_period() {
    for (name, config) in configs() {
        for limit in rate_limits(&config) {
            let end = format!("_LIMIT_{}S", limit["simple"]["period"]);
            assert!(
                limit["name"].as_str().unwrap().ends_with(&end),
                "{name}: {limit}"
            );
        }
    }
}

/// Otherwise Cloudflare answers with a file by itself: without CORS, a request id, and a line in the log.
#[test]
fn the_gateway_comes_before_its_files() {
    for (name, config) in configs() {
        let assets = config.get("assets");
        assert_eq!(assets.is_some(), name == "gateway", "{name}");
        let Some(assets) = assets else { continue };
        assert_eq!(assets["run_worker_first"].as_bool(), Some(true));
        assert_eq!(assets["binding"].as_str(), Some("ASSETS"));
        // wrangler wants the folder before it builds.
        let folder = root().join(assets["directory"].as_str().unwrap());
        assert!(folder.join("docs.html").is_file());
    }
}
