//! Files: reserved, put into Storage, attached and read again.

use crate::{
    answer::Answer,
    person::Person,
    shapes::{Message, Upload},
    stack::Stack,
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

impl Person {
    /// Asks for an upload, whatever comes of it.
    pub async fn try_reserve(&self, body: &Value) -> Answer {
        self.post("/uploads", body).await
    }

    /// Reserves an upload of so many bytes: 201.
    pub async fn reserve(
        &self,
        chat: Uuid,
        file_name: &str,
        content_type: &str,
        size: usize,
    ) -> Upload {
        let body = json!({
            "chatId": chat, "fileName": file_name, "contentType": content_type, "size": size,
        });
        Upload::read(&self.try_reserve(&body).await.created())
    }

    /// Sends an attachment without a text: 201.
    pub async fn attach(&self, chat: Uuid, upload: &Upload) -> Message {
        Message::read(
            &self
                .try_attach(chat, &upload.attachment_url)
                .await
                .created(),
        )
    }

    /// Tries to send an attachment without a text.
    pub async fn try_attach(&self, chat: Uuid, url: &str) -> Answer {
        self.try_send(chat, &json!({ "attachmentUrl": url })).await
    }
}

impl Stack {
    /// Puts bytes where an upload says, with the headers that it says.
    pub async fn put(&self, upload: &Upload, bytes: &[u8]) -> Answer {
        let mut call = self.anybody().call(Method::PUT, &upload.upload_url);
        for (name, value) in &upload.headers {
            call = call.header(name, value);
        }
        call.body(bytes.to_vec()).send().await
    }

    /// Reserves an upload and puts its bytes.
    pub async fn uploaded(&self, person: &Person, chat: Uuid, bytes: &[u8]) -> Upload {
        let upload = person
            .reserve(chat, "photo.jpg", "image/jpeg", bytes.len())
            .await;
        self.put(&upload, bytes).await.ok();
        upload
    }

    /// A message with an attachment of these bytes.
    pub async fn attached(&self, person: &Person, chat: Uuid, bytes: &[u8]) -> Message {
        let upload = self.uploaded(person, chat, bytes).await;
        person.attach(chat, &upload).await
    }

    /// Gets what a signed URL leads to, as a browser does.
    pub async fn download(&self, url: &str) -> Answer {
        self.anybody().get(url).await
    }

    /// Whether Storage knows an object.
    pub async fn has_object(&self, path: &str) -> bool {
        let sql = "select exists (
            select from storage.objects where bucket_id = 'chat-attachments' and name = $1)";
        self.value(sql, &[&path]).await
    }
}
