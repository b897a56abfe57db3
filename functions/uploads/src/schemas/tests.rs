use shared::error::FieldIssue;

use super::*;

const CHAT: &str = "0a5b7c9d-1e2f-4a3b-8c4d-5e6f7a8b9c0d";

fn create(json: &str) -> Result<CreateUpload, ApiError> {
    let body = JsonObject::parse(json.as_bytes()).unwrap();
    CreateUpload::parse(body, &Limits::load(&|_| None).unwrap())
}

fn sized(width: &str, height: &str) -> Result<CreateUpload, ApiError> {
    create(&format!(
        r#"{{"chatId":"{CHAT}","fileName":"a.jpg","contentType":"image/jpeg","size":5,"width":{width},"height":{height}}}"#
    ))
}

fn with(member: &str, value: &str) -> Result<CreateUpload, ApiError> {
    let mut body = serde_json::json!({
        "chatId": CHAT, "fileName": "a.jpg", "contentType": "image/jpeg", "size": 5,
    });
    body[member] = serde_json::from_str(value).unwrap();
    create(&body.to_string())
}

#[test]
fn a_whole_body_is_read() {
    assert_eq!(
        with("size", "5"),
        Ok(CreateUpload {
            chat_id: CHAT.parse().unwrap(),
            file_name: "a.jpg".to_owned(),
            content_type: "image/jpeg".to_owned(),
            size: 5,
            width: None,
            height: None,
        })
    );
}

#[test]
fn a_body_serialises_to_the_arguments_of_reserve_upload() {
    let arguments = |upload: &CreateUpload| serde_json::to_value(upload).unwrap();
    let mut expected = serde_json::json!({
        "chat_id": CHAT, "file_name": "a.jpg", "content_type": "image/jpeg", "size": 5,
        "width": null, "height": null,
    });
    assert_eq!(arguments(&with("size", "5").unwrap()), expected);
    expected["width"] = 640.into();
    expected["height"] = 480.into();
    assert_eq!(arguments(&sized("640", "480").unwrap()), expected);
}

#[test]
fn a_picture_has_width_and_height_or_neither() {
    let read = |upload: CreateUpload| (upload.width, upload.height);
    assert_eq!(sized("1", "100000").map(read), Ok((Some(1), Some(100_000))));
    assert_eq!(sized("null", "null").map(read), Ok((None, None)));
    let missing = "is required: give width and height together";
    let number = "must be a whole number from 1 to 100000";
    for (width, height, faults) in [
        ("1", "null", vec![("height", missing)]),
        ("null", "1", vec![("width", missing)]),
        ("0", "1", vec![("width", number)]),
        ("-1", "1", vec![("width", number)]),
        ("1", "100001", vec![("height", number)]),
        ("1", "4294967297", vec![("height", number)]),
        ("1.5", "1e3", vec![("width", number), ("height", number)]),
        ("\"1\"", "[]", vec![("width", number), ("height", number)]),
        ("true", "null", vec![("height", missing), ("width", number)]),
    ] {
        let issue = |(path, issue)| FieldIssue { path, issue };
        let faults = faults.into_iter().map(issue).collect();
        let refused = Err(ApiError::invalid_fields(faults));
        assert_eq!(sized(width, height), refused, "{width} {height}");
    }
}

#[test]
fn all_missing_members_are_named_at_once() {
    let required = "is required";
    let unknown = "must be given, because the file name does not tell it";
    let faults = [
        ("chatId", required),
        ("fileName", required),
        ("contentType", unknown),
        ("size", required),
    ];
    let faults = faults.map(|(path, issue)| FieldIssue { path, issue });
    let refused = Err(ApiError::invalid_fields(faults.to_vec()));
    assert_eq!(create("{}"), refused);
}

#[test]
fn the_name_is_left_to_the_database() {
    for (name, read) in [
        (r#""../../etc/passwd""#, "../../etc/passwd"),
        (r#"" تقرير 📎.pdf ""#, " تقرير 📎.pdf "),
        (r#""a\u0000b""#, "ab"),
        (r#""""#, ""),
        (r#"" ""#, " "),
        (r#""\u0000""#, ""),
        (r#""\u200b""#, "\u{200b}"),
    ] {
        assert_eq!(with("fileName", name).unwrap().file_name, read);
    }
    for (name, issue) in [("5", "must be a string"), ("null", "is required")] {
        let refused = ApiError::invalid_field("fileName", issue);
        assert_eq!(with("fileName", name), Err(refused));
    }
}

#[test]
fn a_type_is_one_of_the_list() {
    for (kind, read) in [
        ("Image/PNG", "image/png"),
        ("audio/webm;codecs=opus", "audio/webm"),
        (" text/plain ; charset=utf-8", "text/plain"),
        ("image/jpg", "image/jpeg"),
        // From the extension of `a.jpg`.
        ("", "image/jpeg"),
        ("application/octet-stream", "image/jpeg"),
    ] {
        let read_back = with("contentType", &format!("\"{kind}\"")).unwrap();
        assert_eq!(read_back.content_type, read);
    }
    assert_eq!(
        with("contentType", "null").unwrap().content_type,
        "image/jpeg"
    );
    for refused in [
        "text/html",
        "image/svg+xml",
        "image",
        "image/*",
        "image/png,image/jpeg",
    ] {
        assert_eq!(
            with("contentType", &format!("\"{refused}\"")),
            Err(ApiError::invalid_field("contentType", "is not allowed")),
            "{refused}"
        );
    }
    let refused = ApiError::invalid_field("contentType", "must be a string");
    assert_eq!(with("contentType", "[]"), Err(refused));
}

#[test]
fn a_size_is_up_to_25_mib() {
    for size in [0, 26_214_400] {
        assert_eq!(with("size", &size.to_string()).unwrap().size, size);
    }
    for (size, issue) in [
        ("26214401", "is too large"),
        ("18446744073709551615", "is too large"),
        ("-1", "must not be negative"),
        ("1.5", "must be a whole number of bytes"),
        ("1e30", "must be a whole number of bytes"),
        ("\"5\"", "must be a whole number of bytes"),
    ] {
        let refused = ApiError::invalid_field("size", issue);
        assert_eq!(with("size", size), Err(refused), "{size}");
    }
}
