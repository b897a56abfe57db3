//! The documents that the gateway serves. Their files are in `functions/gateway/assets`, where the build copies those
//! that come from elsewhere.

use shared::http::document::{Document, PAGE_FILES, tag};

/// The files, and their content types.
const FILES: [(&str, &str); 7] = [
    ("openapi.json", "application/json"),
    ("asyncapi.json", "application/json"),
    ("llms.txt", "text/plain; charset=utf-8"),
    (PAGE, "text/html; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("swagger-ui.js", "text/javascript; charset=utf-8"),
    ("start.js", "text/javascript; charset=utf-8"),
];

/// The file of `/docs`.
pub const PAGE: &str = "docs.html";
/// The page loads nothing from elsewhere, and calls this API alone. Swagger UI writes styles into its elements.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Of all documents together. package.json has the version of Swagger UI.
const TAG: u64 = tag(&[
    include_bytes!("../../../openapi.json"),
    include_bytes!("../../../asyncapi.json"),
    include_bytes!("../../../llms.txt"),
    include_bytes!("../../../package.json"),
    include_bytes!("../assets/docs.html"),
    include_bytes!("../assets/start.js"),
]);

/// A document by the name of its file.
pub fn find(file: &str) -> Option<Document> {
    let (file, content_type) = FILES.into_iter().find(|(name, _)| *name == file)?;
    Some(Document {
        file,
        content_type,
        policy: (file == PAGE).then_some(PAGE_POLICY),
        tag: TAG,
    })
}

/// A file of the page, by its name in the path.
pub fn find_of_page(file: &str) -> Option<Document> {
    PAGE_FILES.contains(&file).then(|| find(file)).flatten()
}
