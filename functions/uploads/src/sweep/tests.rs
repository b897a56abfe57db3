use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use serde_json::json;
use shared::testing::TestPlatform;

use super::*;
use crate::sweep::settings::PAGES_OF_A_RUN;
use crate::sweep::sweeper::bytes;

/// A bucket, as the sweeper sees it in the database and in Storage.
#[derive(Default)]
struct Bucket {
    left_over: RefCell<BTreeSet<String>>,
    /// The objects that Storage does not remove.
    stuck: BTreeSet<String>,
    forgotten: RefCell<VecDeque<u64>>,
    asked: RefCell<Vec<String>>,
    /// The beginning of a path, and the answer to each request with such a path.
    broken: Option<(&'static str, u16, &'static str)>,
}

impl Bucket {
    fn of(objects: usize) -> Self {
        let left_over = (0..objects).map(|n| format!("object-{n:04}")).collect();
        Bucket {
            left_over: RefCell::new(left_over),
            ..Bucket::default()
        }
    }

    fn answer(&self, method: &Method, path: &str, body: &[u8]) -> serde_json::Value {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        match (method.as_str(), path) {
            ("POST", "/auth/v1/token?grant_type=password") => {
                assert_eq!(
                    body,
                    json!({ "email": "sweeper@example.com", "password": "p" })
                );
                json!({ "access_token": "token" })
            }
            ("POST", "/rest/v1/rpc/list_leftover_uploads") => {
                assert_eq!(
                    body,
                    json!({
                        "unattached_hours": 25, "deleted_days": 30, "page_limit": 100, "strays": false,
                    })
                );
                let left_over = self.left_over.borrow();
                let page = left_over.iter().take(100);
                let row = |path| json!({ "path": path, "reason": "unattached", "size": 2 });
                json!({ "data": page.map(row).collect::<Vec<_>>() })
            }
            ("POST", "/rest/v1/rpc/count_leftover_uploads") => {
                assert_eq!(
                    body,
                    json!({ "unattached_hours": 25, "deleted_days": 30, "strays": false })
                );
                let objects = self.left_over.borrow().len();
                let row = json!({ "reason": "unattached", "objects": objects, "bytes": objects.saturating_mul(2) });
                json!({ "data": [row] })
            }
            ("POST", "/rest/v1/rpc/forget_swept_uploads") => {
                json!({ "forgotten": self.forgotten.borrow_mut().pop_front().unwrap_or_default() })
            }
            ("DELETE", "/storage/v1/object/chat-attachments") => {
                let mut removed = Vec::new();
                for path in body["prefixes"].as_array().unwrap() {
                    let path = path.as_str().unwrap();
                    if !self.stuck.contains(path) && self.left_over.borrow_mut().remove(path) {
                        removed.push(json!({ "name": path, "bucket_id": "chat-attachments" }));
                    }
                }
                json!(removed)
            }
            _ => panic!("{method} {path}"),
        }
    }
}

impl Supabase for Bucket {
    fn ask<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        token: Option<&'a str>,
        body: Vec<u8>,
    ) -> Local<'a, Result<(u16, Vec<u8>), ApiError>> {
        let is_auth = path.starts_with("/auth/v1/");
        assert_eq!(token, (!is_auth).then_some("token"));
        self.asked.borrow_mut().push(format!("{method} {path}"));
        let answer = match self.broken {
            Some((prefix, status, body)) if path.starts_with(prefix) => {
                (status, body.as_bytes().to_vec())
            }
            _ => (200, bytes(&self.answer(&method, path, &body))),
        };
        Box::pin(async move { Ok(answer) })
    }
}

fn settings(apply: bool, pages: Option<u32>) -> Settings {
    Settings {
        email: "sweeper@example.com".to_owned(),
        password: "p".to_owned(),
        unattached_hours: 25,
        deleted_days: 30,
        strays: false,
        apply,
        pages,
    }
}

async fn run(bucket: &Bucket, settings: &Settings) -> Result<(u64, bool), ApiError> {
    let swept = sweep(bucket, settings, &mut |_| {}).await?;
    assert_eq!(swept.bytes, swept.total().saturating_mul(2));
    Ok((swept.total(), swept.more))
}

#[tokio::test]
async fn all_leftovers_are_removed_page_by_page_and_a_second_run_finds_none() {
    let bucket = Bucket::of(250);
    let mut told = Vec::new();
    let all = settings(true, None);
    let mut progress = |swept: &Swept| told.push(swept.total());
    let swept = sweep(&bucket, &all, &mut progress).await.unwrap();
    assert_eq!(told, [100, 200, 250]);
    assert_eq!((swept.total(), swept.bytes, swept.more), (250, 500, false));
    assert!(bucket.left_over.borrow().is_empty());
    assert_eq!(run(&bucket, &settings(true, None)).await, Ok((0, false)));
}

#[tokio::test]
async fn a_dry_run_counts_all_leftovers_and_removes_none() {
    for objects in [0, 7, 250] {
        let bucket = Bucket::of(objects);
        let found = run(&bucket, &settings(false, None)).await;
        assert_eq!(found, Ok((objects as u64, false)));
        assert_eq!(bucket.left_over.borrow().len(), objects);
        let asked = bucket.asked.borrow();
        assert!(
            !asked
                .iter()
                .any(|asked| asked.contains("forget") || asked.contains("DELETE"))
        );
    }
}

#[tokio::test]
async fn a_run_of_the_worker_makes_fewer_requests_than_the_platform_allows() {
    let bucket = Bucket {
        forgotten: RefCell::new(VecDeque::from([1_000; 9])),
        ..Bucket::of(2_500)
    };
    let swept = run(&bucket, &settings(true, Some(PAGES_OF_A_RUN))).await;
    assert_eq!(swept, Ok((2_000, true)));
    assert!(bucket.asked.borrow().len() <= 50);
    assert_eq!(bucket.forgotten.borrow().len(), 6);
    assert_eq!(
        run(&bucket, &settings(true, Some(PAGES_OF_A_RUN))).await,
        Ok((500, false))
    );
}

#[tokio::test]
async fn a_page_of_which_storage_removes_nothing_ends_the_run() {
    let stuck: BTreeSet<_> = (0..100).map(|n| format!("object-{n:04}")).collect();
    let bucket = Bucket {
        stuck,
        ..Bucket::of(150)
    };
    let error = run(&bucket, &settings(true, None)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadUpstream);
    assert_eq!(
        error.detail.as_deref(),
        Some("Storage removed none of 100 objects")
    );
}

#[tokio::test]
async fn each_refusal_ends_the_run_with_its_code() {
    for (broken, code) in [
        (
            ("/auth/", 400, r#"{"error_code":"invalid_credentials"}"#),
            ErrorCode::Internal,
        ),
        (("/auth/", 200, "<html>"), ErrorCode::Internal),
        (
            (
                "/rest/v1/rpc/list",
                403,
                r#"{"code":"PT403","message":"forbidden"}"#,
            ),
            ErrorCode::Forbidden,
        ),
        (("/rest/v1/rpc/list", 200, "{}"), ErrorCode::BadUpstream),
        (("/storage/", 503, ""), ErrorCode::Unavailable),
        (
            (
                "/storage/",
                400,
                r#"{"statusCode":"403","error":"Unauthorized"}"#,
            ),
            ErrorCode::Forbidden,
        ),
        (("/storage/", 200, "<html>"), ErrorCode::BadUpstream),
        (("/rest/v1/rpc/forget", 500, ""), ErrorCode::BadUpstream),
    ] {
        let bucket = Bucket {
            broken: Some(broken),
            ..Bucket::of(1)
        };
        let error = run(&bucket, &settings(true, None)).await.unwrap_err();
        assert_eq!(error.code, code, "{broken:?}");
    }
}

fn load(variables: &[(&str, &str)]) -> Result<Option<Settings>, ApiError> {
    Settings::load(&|name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_settings_come_from_variables() {
    let account = [("SWEEPER_EMAIL", "s@x"), ("SWEEPER_PASSWORD", "p")];
    let settings = load(&account).ok().flatten().unwrap();
    assert_eq!((settings.unattached_hours, settings.deleted_days), (25, 30));
    assert!(settings.apply && !settings.strays);
    let windows = [
        ("SWEEP_UNATTACHED_HOURS", "48"),
        ("SWEEP_DELETED_DAYS", "0"),
    ];
    let settings = load(&[account, windows].concat()).ok().flatten().unwrap();
    assert_eq!((settings.unattached_hours, settings.deleted_days), (48, 0));
    for name in ["SWEEP_UNATTACHED_HOURS", "SWEEP_DELETED_DAYS"] {
        for wrong in ["-1", "a week", "1.5"] {
            let error = load(&[account.as_slice(), &[(name, wrong)]].concat())
                .err()
                .unwrap();
            assert_eq!(error.code, ErrorCode::Internal);
            assert!(error.detail.unwrap().starts_with(name), "{wrong}");
        }
    }
}

#[tokio::test]
async fn without_an_account_the_trigger_does_nothing_and_says_so() {
    for variables in [&[][..], &[("SWEEPER_EMAIL", "s@x")]] {
        let mut platform = TestPlatform::default();
        for (name, value) in variables {
            platform.variables.insert(name, (*value).to_owned());
        }
        let scope = Scope::new(&platform);
        let said = on_schedule(&scope, &RequestId::accept(None)).await;
        assert_eq!(
            said.as_deref(),
            Ok("nothing is swept: SWEEPER_EMAIL or SWEEPER_PASSWORD is not set")
        );
    }
}
