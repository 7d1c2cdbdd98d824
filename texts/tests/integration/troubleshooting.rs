//! The written help has every finding and every close code, in every language.

use std::fmt::Write;
use std::{env, fs};

use causerie_protocol::CloseCode;
use causerie_texts::{Finding, Heading, Language, close};

#[test]
fn the_help_is_current_in_every_language() {
    for language in Language::ALL {
        let name = match language {
            Language::English => "TROUBLESHOOTING.md".to_owned(),
            other => format!("TROUBLESHOOTING.{}.md", other.tag()),
        };
        let path = format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"));
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, markdown(*language)).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, markdown(*language), "docs/{name} is stale: UPDATE_DOCS=1 writes it");
    }
}

/// The texts around the tables.
struct Around {
    title: &'static str,
    opening: &'static str,
    closes: &'static str,
    closes_opening: &'static str,
}

const ENGLISH: Around = Around {
    title: "Troubleshooting",
    opening: "When a connection fails, let the doctor look: the button on the page `/chat-ws-test/`, or in a terminal\n\
        \n```sh\n\
        causerie doctor https://chat.example.org --token-file token.txt --chat 1\n\
        causerie doctor\n\
        ```\n\n\
        The first asks a server as a client does; the second, in the folder where the server is started, checks what stands there: settings, database, Redis, port, limits.\n\
        It stops at the first thing that is wrong, names it, and exits with 1; with 0 when all is well, and with 2 when it could not look.\n\
        Its report holds no token and no message, so it can be passed on.\n\n\
        Each heading is the name that `--json` gives; names and numbers in the texts are examples.\n",
    closes: "When the server closes a connection",
    closes_opening: "The code stands in the browser's console, in the tester and in the server's log.\n",
};

const VIETNAMESE: Around = Around {
    title: "Xử lý sự cố",
    opening: "Khi kết nối thất bại, hãy để bộ chẩn đoán xem xét: nút trên trang `/chat-ws-test/`, hoặc trong cửa sổ dòng lệnh\n\
        \n```sh\n\
        causerie doctor https://chat.example.org --token-file token.txt --chat 1\n\
        causerie doctor\n\
        ```\n\n\
        Lệnh đầu hỏi máy chủ như một ứng dụng khách; lệnh sau, chạy trong thư mục nơi khởi động máy chủ, kiểm tra những gì có ở đó: thiết lập, cơ sở dữ liệu, Redis, cổng, giới hạn.\n\
        Nó dừng ở lỗi đầu tiên, gọi tên lỗi đó và thoát với mã 1; mã 0 nếu mọi thứ đều ổn, mã 2 nếu không thể kiểm tra.\n\
        Báo cáo không chứa token hay tin nhắn nào, nên có thể gửi cho người khác.\n\n\
        Mỗi tiêu đề là tên mà `--json` đưa ra; tên và số trong các câu chỉ là ví dụ.\n",
    closes: "Khi máy chủ đóng kết nối",
    closes_opening: "Mã có trong bảng điều khiển của trình duyệt, trong trang thử kết nối và trong nhật ký của máy chủ.\n",
};

/// The whole page in one language.
fn markdown(language: Language) -> String {
    let around = match language {
        Language::English => &ENGLISH,
        Language::Vietnamese => &VIETNAMESE,
    };
    let mut page = format!(
        "<!-- Made from the texts by `UPDATE_DOCS=1 cargo test -p causerie-texts`, which also holds it current. -->\n\
         # {}\n\n{}",
        around.title, around.opening
    );
    for finding in Finding::ALL.iter().filter(|finding| !finding.is_well()) {
        let told = finding.explanation(language).fill(finding.details());
        let _ = write!(page, "\n## `{finding}`\n\n");
        section(&mut page, language, [&told.what, &told.why, &told.remedy]);
    }
    let _ = write!(page, "\n## {}\n\n{}", around.closes, around.closes_opening);
    for code in CloseCode::ALL {
        let words = close::explanation(*code, language);
        let _ = write!(page, "\n### {code}\n\n");
        section(&mut page, language, [words.what, words.why, words.remedy]);
    }
    page
}

fn section(page: &mut String, language: Language, [what, why, remedy]: [&str; 3]) {
    let (because, to_do) = (Heading::Why.in_language(language), Heading::Remedy.in_language(language));
    let _ = write!(page, "**{what}**\n\n- {because}: {why}\n- {to_do}: {remedy}\n");
}
