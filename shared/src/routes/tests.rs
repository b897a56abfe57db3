use std::collections::BTreeMap;

use super::*;

const ID: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
const FUNCTIONS: [Function; 4] = [
    Function::Gateway,
    Function::Chats,
    Function::Messages,
    Function::Uploads,
];

/// A path of the pattern.
fn path_of(route: &Route) -> String {
    let path = route.pattern.replace(":id", ID).replace(":msgId", ID);
    path.replace(":emoji", "%F0%9F%91%8D")
}

fn refusal(function: Function, method: &str, path: &str) -> ApiError {
    resolve(function, method, path).unwrap_err()
}

#[test]
fn the_table_is_the_contracts() {
    let table: Vec<String> = ROUTES
        .iter()
        .map(|route| {
            let Route {
                method,
                pattern,
                function,
                operation,
            } = route;
            format!("{method} {pattern} {function:?} {operation:?}")
        })
        .collect();
    assert_eq!(
        table,
        [
            "GET /health Gateway GetHealth",
            "GET /openapi.json Gateway GetOpenApi",
            "GET /asyncapi.json Gateway GetAsyncApi",
            "GET /docs Gateway GetDocs",
            "GET /docs/:file Gateway GetDocsFile",
            "GET /llms.txt Gateway GetLlmsText",
            "GET /chats Chats ListChats",
            "POST /chats Chats OpenChat",
            "GET /chats/:id Chats GetChat",
            "DELETE /chats/:id Chats LeaveChat",
            "PATCH /chats/:id/me Chats ChangeSettings",
            "POST /chats/:id/read Chats MarkRead",
            "GET /chats/:id/reads Chats ListReads",
            "POST /chats/:id/typing Chats SendTyping",
            "GET /unread Chats CountUnread",
            "GET /chats/:id/messages Messages ListMessages",
            "POST /chats/:id/messages Messages SendMessage",
            "GET /chats/:id/messages/:msgId Messages GetMessage",
            "PATCH /chats/:id/messages/:msgId Messages EditMessage",
            "DELETE /chats/:id/messages/:msgId Messages DeleteMessage",
            "GET /chats/:id/messages/:msgId/reactions Messages ListReactions",
            "PUT /chats/:id/messages/:msgId/reactions/:emoji Messages AddReaction",
            "DELETE /chats/:id/messages/:msgId/reactions/:emoji Messages RemoveReaction",
            "GET /chats/:id/changes Messages ListChanges",
            "GET /mentions Messages ListMentions",
            "GET /search Messages SearchMessages",
            "POST /uploads Uploads CreateUpload",
        ]
    );
}

#[test]
fn each_route_is_resolved_by_its_function_and_by_no_other() {
    for route in ROUTES {
        let path = path_of(route);
        for function in FUNCTIONS {
            let resolved = resolve(function, route.method, &path);
            if function == route.function {
                assert_eq!(resolved.unwrap().route, route);
            } else {
                assert_eq!(resolved, Err(ErrorCode::RouteNotFound.into()), "{route:?}");
            }
        }
    }
}

#[test]
fn the_gateway_sends_each_path_to_the_function_of_all_its_methods() {
    for route in ROUTES {
        let binding = match route.function {
            Function::Gateway => None,
            Function::Chats => Some("CHATS"),
            Function::Messages => Some("MESSAGES"),
            Function::Uploads => Some("UPLOADS"),
        };
        let pattern = route.pattern;
        let expected = binding.map(|binding| Destination { binding, pattern });
        assert_eq!(destination(&path_of(route)), Ok(expected));
    }
}

#[test]
fn the_operations_and_the_methods_of_a_path_are_distinct() {
    for (index, route) in ROUTES.iter().enumerate() {
        for other in &ROUTES[index + 1..] {
            assert_ne!(route.operation, other.operation);
            assert_ne!((route.method, route.pattern), (other.method, other.pattern));
        }
    }
}

#[test]
fn head_works_where_get_does() {
    for route in ROUTES {
        let path = path_of(route);
        let head = resolve(route.function, "HEAD", &path);
        let get = resolve(route.function, "GET", &path);
        assert_eq!(head, get, "{path}");
    }
}

#[test]
fn another_method_is_405_with_those_that_work() {
    let allowed = BTreeMap::from([
        ("/health", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/asyncapi.json", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/docs/:file", "GET, HEAD"),
        ("/llms.txt", "GET, HEAD"),
        ("/chats", "GET, HEAD, POST"),
        ("/chats/:id", "GET, HEAD, DELETE"),
        ("/chats/:id/me", "PATCH"),
        ("/chats/:id/read", "POST"),
        ("/chats/:id/reads", "GET, HEAD"),
        ("/chats/:id/typing", "POST"),
        ("/chats/:id/messages", "GET, HEAD, POST"),
        ("/chats/:id/messages/:msgId", "GET, HEAD, PATCH, DELETE"),
        ("/chats/:id/messages/:msgId/reactions", "GET, HEAD"),
        ("/chats/:id/messages/:msgId/reactions/:emoji", "PUT, DELETE"),
        ("/chats/:id/changes", "GET, HEAD"),
        ("/unread", "GET, HEAD"),
        ("/mentions", "GET, HEAD"),
        ("/search", "GET, HEAD"),
        ("/uploads", "POST"),
    ]);
    for route in ROUTES {
        let allow = allowed[route.pattern];
        let methods = [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW", "get", "head",
            "post", "patch", "delete",
        ];
        let path = path_of(route);
        for method in methods {
            let resolved = resolve(route.function, method, &path);
            if allow.split(", ").any(|allowed| allowed == method) {
                assert_eq!(resolved.unwrap().route.pattern, route.pattern);
            } else {
                let refused = ApiError::method_not_allowed(allow);
                assert_eq!(resolved, Err(refused), "{method} {path}");
            }
        }
    }
}

#[test]
fn an_id_is_read_from_its_place_in_the_path() {
    let other = "1b5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";
    let path = format!("/chats/{ID}/messages/{other}");
    let resolved = resolve(Function::Messages, "PATCH", &path).unwrap();
    assert_eq!(resolved.id("id"), Ok(ID.parse().unwrap()));
    assert_eq!(resolved.id("msgId"), Ok(other.parse().unwrap()));
    assert_eq!(resolved.id("chats"), Err(ErrorCode::InvalidId.into()));
    for wrong in ["7", "%2e", "a%2fb"] {
        let path = format!("/chats/{wrong}/messages/{ID}");
        let resolved = resolve(Function::Messages, "DELETE", &path).unwrap();
        assert_eq!(resolved.id("id"), Err(ErrorCode::InvalidId.into()));
        assert_eq!(resolved.id("msgId"), Ok(ID.parse().unwrap()));
    }
}

#[test]
fn another_path_is_404() {
    for path in [
        "",
        "/",
        "/Chats",
        "/chat",
        "/chats/",
        "//chats",
        "/chats//messages",
        "/chats//read",
        "/chats/../chats",
        "/chats/../health",
        "/./health",
        "/health/",
        "/health/deep",
        "/chats%2fx",
        "/chats/x/y",
        "/chats/7/read/",
        "/chats/7/Read",
        "/chats/7/read/8",
        "/chats/7/typing/",
        "/chats/7/messages/",
        "/chats/7/messages/..",
        "/chats/7/messages/8/9",
        "/chats/7/Messages",
        "//chats/7/messages",
        "/chats/7/messages/8/reactions/",
        "/chats/7/messages/8/reactions/..",
        "/chats/7/messages/8/reactions/a/b",
        "/chats/7/uploads",
        "/mentions/",
        "/mentions/7",
        "/chats/7/search",
        "/search/",
        "/search/x",
        "/Search",
        "/messages",
        "/rest/v1/messages",
        "/uploads/",
        "//uploads",
        "/uploads/x",
        "/uploads/..",
        "/Uploads",
        "/upload",
    ] {
        let not_found = ApiError::from(ErrorCode::RouteNotFound);
        assert_eq!(destination(path), Err(not_found.clone()), "{path}");
        for function in FUNCTIONS {
            for method in ["GET", "POST", "BREW"] {
                assert_eq!(refusal(function, method, path), not_found, "{path}");
            }
        }
    }
}
