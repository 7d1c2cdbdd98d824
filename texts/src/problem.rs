//! What is wrong with a request.
//!
//! The server says it in English, and more exactly than a code can. The other languages have a sentence for each code,
//! and one for each field that people fill in.

use causerie_protocol::ErrorCode;

use crate::Language;

/// What is wrong with a request and what to do: the server's English sentence, or that of its code and field.
pub fn problem(code: &ErrorCode, field: Option<&str>, english: String, language: Language) -> String {
    match language {
        Language::English => english,
        Language::Vietnamese => vietnamese(code, field).to_owned(),
    }
}

fn vietnamese(code: &ErrorCode, field: Option<&str>) -> &'static str {
    let of_field = field.and_then(self::field);
    match (code, of_field) {
        (ErrorCode::InvalidField | ErrorCode::MissingField | ErrorCode::Forbidden, Some(words)) => words,
        _ => of_code(code),
    }
}

fn of_code(code: &ErrorCode) -> &'static str {
    use ErrorCode as E;
    match code {
        E::NotJson | E::UnknownType => "Máy chủ không hiểu yêu cầu. Hãy tải lại trang.",
        E::MissingField => "Còn thiếu một mục. Hãy điền đầy đủ.",
        E::InvalidField => "Có một mục không hợp lệ. Hãy kiểm tra lại.",
        E::TextBlank => "Tin nhắn trống. Hãy viết gì đó.",
        E::TextNotAllowed => "Tin nhắn có từ ngữ không được phép ở đây. Hãy sửa lại.",
        E::TextTooLong => "Tin nhắn quá dài. Hãy rút ngắn, hoặc gửi thành nhiều phần.",
        E::NoSuchChat => "Cuộc trò chuyện không tồn tại, hoặc bạn không tham gia.",
        E::NoSuchOriginal => "Không tìm thấy tin nhắn được trả lời, hoặc nó có trước khi bạn tham gia.",
        E::ChatClosed => "Cuộc trò chuyện đã đóng. Hãy mở lại trước khi viết.",
        E::NotAccepted => "Người kia chưa nhận lời trò chuyện. Hãy đợi họ nhận lời rồi viết tiếp.",
        E::TooLateToEdit => {
            "Tin nhắn đã gửi quá lâu nên không sửa được nữa. Hãy viết tin mới, hoặc xóa tin này."
        }
        E::ClientIdReused => "Tin nhắn này đã được gửi với nội dung khác. Hãy viết lại.",
        E::TooManySubscriptions => "Trang theo dõi quá nhiều cuộc trò chuyện cùng lúc.",
        E::Unavailable => "Máy chủ tạm thời không lưu được. Hãy thử lại sau ít phút.",
        E::Draining => "Máy chủ sắp khởi động lại. Hãy thử lại sau vài giây.",
        E::Internal => "Máy chủ gặp sự cố. Hãy thử lại; nếu vẫn không được, hãy báo cho người vận hành.",
        E::WrongCredentials => "E-mail hoặc mật khẩu không đúng.",
        E::CodeNeeded => "Tài khoản này có xác thực hai lớp. Hãy nhập mã từ ứng dụng xác thực.",
        E::WrongCode => "Mã không đúng hoặc đã được dùng. Hãy đợi mã tiếp theo.",
        E::SecondFactorRequired => "Ở đây cần xác thực hai lớp. Trước tiên hãy bật nó trong phần cài đặt.",
        E::Unauthorized => "Phiên đăng nhập không còn hiệu lực. Hãy đăng nhập lại.",
        E::EmailTaken => "E-mail này đã có tài khoản. Hãy đăng nhập, hoặc dùng e-mail khác.",
        E::RegistrationClosed => {
            "Ở đây chỉ tạo tài khoản bằng lời mời. Hãy xin một liên kết mời từ người đã tham gia."
        }
        E::LinkInvalid => "Liên kết này đã dùng, đã hết hạn hoặc đã bị thu hồi. Hãy xin liên kết mới.",
        E::LastOwner => "Đây là chủ sở hữu duy nhất. Hãy chọn thêm một chủ sở hữu khác trước.",
        E::Forbidden => "Bạn không được phép thay đổi nội dung này.",
        E::NotFound => "Không tìm thấy, hoặc không phải của bạn.",
        E::MethodNotAllowed => "Máy chủ không làm được việc này. Hãy tải lại trang.",
        E::BodyTooLarge => "Nội dung gửi đi quá lớn. Hãy rút ngắn.",
        E::RateLimited => "Bạn thao tác quá nhanh. Hãy đợi một lát rồi thử lại.",
        E::Full => "Máy chủ đã đầy. Hãy thử lại sau.",
        E::Unknown(_) => "Yêu cầu không thực hiện được. Hãy thử lại, hoặc tải lại trang.",
    }
}

/// What is wrong with a field, by its name in the request; nothing for fields that people do not fill in.
fn field(name: &str) -> Option<&'static str> {
    Some(match name {
        "email" => "Địa chỉ e-mail không hợp lệ. Hãy kiểm tra lại.",
        "password" => "Mật khẩu phải có ít nhất 8 ký tự và không có ký tự ẩn.",
        "name" => "Tên không dùng được. Hãy chọn tên khác, không quá dài.",
        "query" => {
            "Không tìm được với câu này. Hãy viết chữ hoặc số, ngắn gọn; có thể thêm from:, in:, has:link, before:2026-11-30."
        }
        "title" => "Tên nhóm không dùng được. Hãy chọn tên khác, không quá dài.",
        "participants" | "user" => {
            "Không tìm thấy người này ở đây, hoặc người đó đã tham gia. Hãy kiểm tra e-mail."
        }
        _ => return None,
    })
}
