//! The route table of the API. Everything that depends on routes is read from it: to which function
//! the gateway passes a request, which operation a function carries out, the `Allow` header, `HEAD`,
//! and the names of routes in the log.

use uuid::Uuid;

use crate::error::{ApiError, ErrorCode};
use crate::http::path;
use crate::input::ids;

/// A method of a path, and what answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// There are no rows for `HEAD`: it works where `GET` does.
    pub method: &'static str,
    /// The path. A segment that begins with a colon stands for an id, for an emoji or,
    /// in `/docs/:file`, for a name.
    pub pattern: &'static str,
    pub function: Function,
    pub operation: Operation,
}

/// Every route. The methods of one path stand in the order in which `Allow` lists them.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route("GET",    "/health",                    Function::Gateway,  Operation::GetHealth),
    route("GET",    "/openapi.json",              Function::Gateway,  Operation::GetOpenApi),
    route("GET",    "/asyncapi.json",             Function::Gateway,  Operation::GetAsyncApi),
    route("GET",    "/docs",                      Function::Gateway,  Operation::GetDocs),
    route("GET",    "/docs/:file",                Function::Gateway,  Operation::GetDocsFile),
    route("GET",    "/llms.txt",                  Function::Gateway,  Operation::GetLlmsText),
    route("GET",    "/chats",                     Function::Chats,    Operation::ListChats),
    route("POST",   "/chats",                     Function::Chats,    Operation::OpenChat),
    route("GET",    "/chats/:id",                 Function::Chats,    Operation::GetChat),
    route("DELETE", "/chats/:id",                 Function::Chats,    Operation::LeaveChat),
    route("PATCH",  "/chats/:id/me",              Function::Chats,    Operation::ChangeSettings),
    route("POST",   "/chats/:id/read",            Function::Chats,    Operation::MarkRead),
    route("GET",    "/chats/:id/reads",           Function::Chats,    Operation::ListReads),
    route("POST",   "/chats/:id/typing",          Function::Chats,    Operation::SendTyping),
    route("GET",    "/unread",                    Function::Chats,    Operation::CountUnread),
    route("GET",    "/chats/:id/messages",        Function::Messages, Operation::ListMessages),
    route("POST",   "/chats/:id/messages",        Function::Messages, Operation::SendMessage),
    route("GET",    "/chats/:id/messages/:msgId", Function::Messages, Operation::GetMessage),
    route("PATCH",  "/chats/:id/messages/:msgId", Function::Messages, Operation::EditMessage),
    route("DELETE", "/chats/:id/messages/:msgId", Function::Messages, Operation::DeleteMessage),
    route("GET",    "/chats/:id/messages/:msgId/reactions", Function::Messages, Operation::ListReactions),
    route("PUT",    "/chats/:id/messages/:msgId/reactions/:emoji", Function::Messages, Operation::AddReaction),
    route("DELETE", "/chats/:id/messages/:msgId/reactions/:emoji", Function::Messages, Operation::RemoveReaction),
    route("GET",    "/chats/:id/changes",         Function::Messages, Operation::ListChanges),
    route("GET",    "/mentions",                  Function::Messages, Operation::ListMentions),
    route("GET",    "/search",                    Function::Messages, Operation::SearchMessages),
    route("POST",   "/uploads",                   Function::Uploads,  Operation::CreateUpload),
];

const fn route(
    method: &'static str,
    pattern: &'static str,
    function: Function,
    operation: Operation,
) -> Route {
    Route {
        method,
        pattern,
        function,
        operation,
    }
}

/// The Workers, each of which answers all methods of its paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Gateway,
    Chats,
    Messages,
    Uploads,
}

impl Function {
    /// The service binding by which the gateway reaches the function, as in its `wrangler.toml`.
    /// `None` for the gateway itself.
    #[must_use]
    pub const fn binding(self) -> Option<&'static str> {
        match self {
            Function::Gateway => None,
            Function::Chats => Some("CHATS"),
            Function::Messages => Some("MESSAGES"),
            Function::Uploads => Some("UPLOADS"),
        }
    }
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    GetHealth,
    GetOpenApi,
    GetAsyncApi,
    GetDocs,
    GetDocsFile,
    GetLlmsText,
    ListChats,
    OpenChat,
    GetChat,
    LeaveChat,
    ChangeSettings,
    MarkRead,
    ListReads,
    SendTyping,
    CountUnread,
    ListMessages,
    SendMessage,
    GetMessage,
    EditMessage,
    DeleteMessage,
    ListReactions,
    AddReaction,
    RemoveReaction,
    ListChanges,
    ListMentions,
    SearchMessages,
    CreateUpload,
}

/// A function that the gateway passes a request on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The function's service binding.
    pub binding: &'static str,
    /// The route's name in the log.
    pub pattern: &'static str,
}

/// A route together with the path that matched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'p> {
    pub route: &'static Route,
    segments: Vec<&'p str>,
}

impl Resolved<'_> {
    /// The id in the place of `:name`.
    ///
    /// # Errors
    /// `invalid_id`.
    pub fn id(&self, name: &str) -> Result<Uuid, ApiError> {
        ids::from_path(self.segment(name))
    }

    /// The segment in the place of `:name`, still percent-encoded.
    #[must_use]
    pub fn segment(&self, name: &str) -> &str {
        let mut pairs = parts(self.route.pattern).zip(&self.segments);
        let found = pairs.find(|(part, _)| part.strip_prefix(':') == Some(name));
        found.map_or("", |(_, segment)| segment)
    }
}

/// Finds the route of a request that a function has received.
///
/// # Errors
/// `route_not_found` if the function has no such path, `method_not_allowed` with the methods of the
/// path.
pub fn resolve<'p>(
    function: Function,
    method: &str,
    path: &'p str,
) -> Result<Resolved<'p>, ApiError> {
    let segments = path::segments(path).unwrap_or_default();
    let mut allow = String::new();
    for route in ROUTES {
        if route.function != function || !matches(route.pattern, &segments) {
            continue;
        }
        if answers(route, method) {
            return Ok(Resolved { route, segments });
        }
        if !allow.is_empty() {
            allow.push_str(", ");
        }
        allow.push_str(route.method);
        if route.method == "GET" {
            allow.push_str(", HEAD");
        }
    }
    if allow.is_empty() {
        return Err(ErrorCode::RouteNotFound.into());
    }
    Err(ApiError::method_not_allowed(allow))
}

/// Finds the function that a path belongs to, whatever the method: the function itself refuses the
/// methods that it does not have. `None` if the gateway is to answer.
///
/// # Errors
/// `route_not_found`.
pub fn destination(path: &str) -> Result<Option<Destination>, ApiError> {
    let segments = path::segments(path).unwrap_or_default();
    let mut routes = ROUTES.iter();
    let route = routes.find(|route| matches(route.pattern, &segments));
    let route = route.ok_or(ErrorCode::RouteNotFound)?;
    let to = |binding| Destination {
        binding,
        pattern: route.pattern,
    };
    Ok(route.function.binding().map(to))
}

fn answers(route: &Route, method: &str) -> bool {
    route.method == method || (route.method == "GET" && method == "HEAD")
}

fn matches(pattern: &'static str, segments: &[&str]) -> bool {
    let mut parts = parts(pattern);
    let mut segments = segments.iter();
    let same = |part: &str| {
        let segment = segments.next();
        segment.is_some_and(|segment| part.starts_with(':') || part == *segment)
    };
    parts.all(same) && segments.next().is_none()
}

fn parts(pattern: &'static str) -> impl Iterator<Item = &'static str> {
    pattern.split('/').skip(1)
}

#[cfg(test)]
mod tests;
