//! Close codes, explained to a person.

use causerie_protocol::CloseCode;

use crate::Language;

/// The server's English reason, or the explanation of the code where there is none and in other languages.
pub fn reason(code: CloseCode, english: &str, language: Language) -> String {
    let is_told = language == Language::English && !english.is_empty();
    if is_told { english.to_owned() } else { explanation(code, language).why.to_owned() }
}

explanations! {
    /// The explanation of a close code.
    explanation(CloseCode) {
        CloseCode::Normal =>
            "The connection was ended.",
            "It was closed on purpose.",
            "Connect again when you want to.";
            "Kết nối đã kết thúc.",
            "Kết nối được đóng có chủ ý.",
            "Hãy kết nối lại khi bạn muốn.";
        CloseCode::GoingAway =>
            "The server is going away.",
            "It is being stopped or moved.",
            "Nothing: the page reconnects by itself.";
            "Máy chủ sắp ngừng.",
            "Nó đang được dừng hoặc chuyển đi.",
            "Bạn không cần làm gì: trang sẽ tự kết nối lại.";
        CloseCode::UnsupportedData =>
            "The server did not understand what was sent.",
            "A binary frame came where only text is spoken.",
            "Reload the page, so that it is of the same version as the server.";
            "Máy chủ không hiểu những gì đã gửi.",
            "Có khung nhị phân trong khi chỉ dùng văn bản.",
            "Hãy tải lại trang để trang cùng phiên bản với máy chủ.";
        CloseCode::Abnormal =>
            "The connection broke.",
            "The network is away, a proxy cut the connection, or no server is listening.",
            "Check your network. The page keeps trying; \"Why?\" finds the cause.";
            "Kết nối bị ngắt.",
            "Mất mạng, một proxy đã cắt kết nối, hoặc không có máy chủ nào lắng nghe.",
            "Hãy kiểm tra mạng. Trang vẫn tiếp tục thử; “Tại sao?” sẽ tìm ra nguyên nhân.";
        CloseCode::InvalidPayload =>
            "The server could not read what was sent.",
            "The text was not valid UTF-8.",
            "Reload the page, so that it is of the same version as the server.";
            "Máy chủ không đọc được những gì đã gửi.",
            "Văn bản không phải là UTF-8 hợp lệ.",
            "Hãy tải lại trang để trang cùng phiên bản với máy chủ.";
        CloseCode::MessageTooBig =>
            "What was sent is too large.",
            "A frame was larger than the server takes.",
            "Shorten the message, or send it in parts.";
            "Nội dung gửi đi quá lớn.",
            "Một khung lớn hơn mức máy chủ nhận.",
            "Hãy rút ngắn tin nhắn, hoặc gửi thành nhiều phần.";
        CloseCode::InternalError =>
            "The server has a problem.",
            "Its database or another service that it needs does not answer.",
            "Nothing: the page keeps trying. If it lasts, tell whoever runs the server.";
            "Máy chủ gặp sự cố.",
            "Cơ sở dữ liệu hoặc dịch vụ khác mà nó cần không trả lời.",
            "Bạn không cần làm gì: trang vẫn tiếp tục thử. Nếu kéo dài, hãy báo cho người vận hành máy chủ.";
        CloseCode::ServiceRestart =>
            "The server restarts.",
            "It is being updated.",
            "Nothing: the page reconnects in a moment.";
            "Máy chủ đang khởi động lại.",
            "Nó đang được cập nhật.",
            "Bạn không cần làm gì: trang sẽ kết nối lại ngay.";
        CloseCode::TryAgainLater =>
            "The server is busy.",
            "More people are connected than it can serve just now.",
            "Nothing: the page tries again after a while.";
            "Máy chủ đang bận.",
            "Có nhiều người kết nối hơn mức nó phục vụ được lúc này.",
            "Bạn không cần làm gì: trang sẽ thử lại sau một lúc.";
        CloseCode::Unauthorized =>
            "You are signed out.",
            "Your sign-in expired, was ended elsewhere, or never reached the server.",
            "Sign in again. What you have not sent yet is kept.";
            "Bạn đã bị đăng xuất.",
            "Phiên đăng nhập hết hạn, đã kết thúc ở nơi khác, hoặc chưa đến được máy chủ.",
            "Hãy đăng nhập lại. Những gì bạn chưa gửi vẫn được giữ.";
        CloseCode::BrokenClient =>
            "The server ended the connection because it did not understand this page.",
            "The page is older or newer than the server, or a program sent nonsense.",
            "Reload the page.";
            "Máy chủ ngắt kết nối vì không hiểu trang này.",
            "Trang cũ hơn hoặc mới hơn máy chủ, hoặc một chương trình đã gửi dữ liệu vô nghĩa.",
            "Hãy tải lại trang.";
        CloseCode::NotParticipant =>
            "You have no access to this chat.",
            "You are not a participant, or the chat does not exist any more.",
            "Ask somebody in the chat to add you.";
            "Bạn không có quyền vào cuộc trò chuyện này.",
            "Bạn không tham gia cuộc trò chuyện, hoặc nó không còn tồn tại.",
            "Hãy nhờ ai đó trong cuộc trò chuyện thêm bạn vào.";
        CloseCode::Suspended =>
            "Your account is suspended.",
            "Somebody who looks after this installation did that.",
            "Ask whoever runs the server. What you have not sent yet is kept on this device.";
            "Tài khoản của bạn đang bị tạm khoá.",
            "Người quản lý nơi này đã khoá tài khoản.",
            "Hãy hỏi người vận hành máy chủ. Những gì bạn chưa gửi vẫn được giữ trên thiết bị này.";
        CloseCode::SecondFactorRequired =>
            "A second factor is needed here.",
            "Whoever runs this server asks for a code besides the password, and your account has none yet.",
            "Set it up in the settings, then connect again.";
            "Ở đây cần xác thực hai lớp.",
            "Người vận hành máy chủ yêu cầu thêm mã ngoài mật khẩu, và tài khoản của bạn chưa có.",
            "Hãy bật nó trong phần cài đặt, rồi kết nối lại.";
        CloseCode::Replaced =>
            "This connection was replaced.",
            "The same page was opened again elsewhere.",
            "Go on there, or reload this page.";
            "Kết nối này đã được thay thế.",
            "Chính trang này đã được mở lại ở nơi khác.",
            "Hãy tiếp tục ở đó, hoặc tải lại trang này.";
        CloseCode::VersionMismatch =>
            "This page and the server speak different versions.",
            "One of them was updated and the other was not.",
            "Reload the page.";
            "Trang này và máy chủ dùng phiên bản khác nhau.",
            "Một bên đã được cập nhật còn bên kia thì chưa.",
            "Hãy tải lại trang.";
        CloseCode::RateLimited =>
            "The server asks for a pause.",
            "Too much was sent in too short a time.",
            "Nothing: the page goes on after a while.";
            "Máy chủ yêu cầu tạm nghỉ.",
            "Quá nhiều nội dung được gửi trong thời gian quá ngắn.",
            "Bạn không cần làm gì: trang sẽ tiếp tục sau một lúc.";
        CloseCode::TooManySockets =>
            "You have too many connections at once.",
            "The page is open in very many tabs or on very many devices.",
            "Close some of them. The page connects when there is room.";
            "Bạn có quá nhiều kết nối cùng lúc.",
            "Trang đang mở ở rất nhiều thẻ hoặc trên rất nhiều thiết bị.",
            "Hãy đóng bớt. Trang sẽ kết nối khi có chỗ.";
        CloseCode::FellBehind =>
            "The connection was too slow and starts again.",
            "Messages came faster than this device could take them.",
            "Nothing: the page fetches what it missed.";
            "Kết nối quá chậm và đang bắt đầu lại.",
            "Tin nhắn đến nhanh hơn mức thiết bị này nhận kịp.",
            "Bạn không cần làm gì: trang sẽ tải những gì bị lỡ.";
        CloseCode::NoHeartbeat =>
            "The connection had gone quiet and starts again.",
            "The device slept, or the network lost it.",
            "Nothing: the page fetches what it missed.";
            "Kết nối đã im lặng và đang bắt đầu lại.",
            "Thiết bị đã ngủ, hoặc mạng làm mất kết nối.",
            "Bạn không cần làm gì: trang sẽ tải những gì bị lỡ.";
        CloseCode::Other(_) =>
            "The connection was closed.",
            "The server gave a reason that this page does not know; it may be newer than the page.",
            "Reload the page. If that does not help, ask whoever runs the server.";
            "Kết nối đã bị đóng.",
            "Máy chủ đưa ra lý do mà trang này không biết; có thể nó mới hơn trang.",
            "Hãy tải lại trang. Nếu vẫn không được, hãy hỏi người vận hành máy chủ.";
    }
}
