//! The close codes in Vietnamese.

use super::Explanation;
use crate::close::CloseCode;

/// What happened, the usual cause, what to do.
const fn words(what: &'static str, why: &'static str, remedy: &'static str) -> Explanation {
    Explanation { what, why, remedy }
}

/// The explanation of a close code.
#[must_use]
pub fn close(code: CloseCode) -> Explanation {
    use CloseCode as C;
    match code {
        C::Normal => {
            words("Kết nối đã kết thúc.", "Kết nối được đóng có chủ ý.", "Hãy kết nối lại khi bạn muốn.")
        }
        C::GoingAway => words(
            "Máy chủ sắp ngừng.",
            "Nó đang được dừng hoặc chuyển đi.",
            "Bạn không cần làm gì: trang sẽ tự kết nối lại.",
        ),
        C::UnsupportedData => words(
            "Máy chủ không hiểu những gì đã gửi.",
            "Có khung nhị phân trong khi chỉ dùng văn bản.",
            "Hãy tải lại trang để trang cùng phiên bản với máy chủ.",
        ),
        C::Abnormal => words(
            "Kết nối bị ngắt.",
            "Mất mạng, một proxy đã cắt kết nối, hoặc không có máy chủ nào lắng nghe.",
            "Hãy kiểm tra mạng. Trang vẫn tiếp tục thử; “Tại sao?” sẽ tìm ra nguyên nhân.",
        ),
        C::InvalidPayload => words(
            "Máy chủ không đọc được những gì đã gửi.",
            "Văn bản không phải là UTF-8 hợp lệ.",
            "Hãy tải lại trang để trang cùng phiên bản với máy chủ.",
        ),
        C::MessageTooBig => words(
            "Nội dung gửi đi quá lớn.",
            "Một khung lớn hơn mức máy chủ nhận.",
            "Hãy rút ngắn tin nhắn, hoặc gửi thành nhiều phần.",
        ),
        C::InternalError => words(
            "Máy chủ gặp sự cố.",
            "Cơ sở dữ liệu hoặc dịch vụ khác mà nó cần không trả lời.",
            "Bạn không cần làm gì: trang vẫn tiếp tục thử. Nếu kéo dài, hãy báo cho người vận hành máy chủ.",
        ),
        C::ServiceRestart => words(
            "Máy chủ đang khởi động lại.",
            "Nó đang được cập nhật.",
            "Bạn không cần làm gì: trang sẽ kết nối lại ngay.",
        ),
        C::TryAgainLater => words(
            "Máy chủ đang bận.",
            "Có nhiều người kết nối hơn mức nó phục vụ được lúc này.",
            "Bạn không cần làm gì: trang sẽ thử lại sau một lúc.",
        ),
        C::Unauthorized => words(
            "Bạn đã bị đăng xuất.",
            "Phiên đăng nhập hết hạn, đã kết thúc ở nơi khác, hoặc chưa đến được máy chủ.",
            "Hãy đăng nhập lại. Những gì bạn chưa gửi vẫn được giữ.",
        ),
        C::BrokenClient => words(
            "Máy chủ ngắt kết nối vì không hiểu trang này.",
            "Trang cũ hơn hoặc mới hơn máy chủ, hoặc một chương trình đã gửi dữ liệu vô nghĩa.",
            "Hãy tải lại trang.",
        ),
        C::NotParticipant => words(
            "Bạn không có quyền vào cuộc trò chuyện này.",
            "Bạn không tham gia cuộc trò chuyện, hoặc nó không còn tồn tại.",
            "Hãy nhờ ai đó trong cuộc trò chuyện thêm bạn vào.",
        ),
        C::Suspended => words(
            "Tài khoản của bạn đang bị tạm khoá.",
            "Người quản lý nơi này đã khoá tài khoản.",
            "Hãy hỏi người vận hành máy chủ. Những gì bạn chưa gửi vẫn được giữ trên thiết bị này.",
        ),
        C::Replaced => words(
            "Kết nối này đã được thay thế.",
            "Chính trang này đã được mở lại ở nơi khác.",
            "Hãy tiếp tục ở đó, hoặc tải lại trang này.",
        ),
        C::VersionMismatch => words(
            "Trang này và máy chủ dùng phiên bản khác nhau.",
            "Một bên đã được cập nhật còn bên kia thì chưa.",
            "Hãy tải lại trang.",
        ),
        C::RateLimited => words(
            "Máy chủ yêu cầu tạm nghỉ.",
            "Quá nhiều nội dung được gửi trong thời gian quá ngắn.",
            "Bạn không cần làm gì: trang sẽ tiếp tục sau một lúc.",
        ),
        C::TooManySockets => words(
            "Bạn có quá nhiều kết nối cùng lúc.",
            "Trang đang mở ở rất nhiều thẻ hoặc trên rất nhiều thiết bị.",
            "Hãy đóng bớt. Trang sẽ kết nối khi có chỗ.",
        ),
        C::FellBehind => words(
            "Kết nối quá chậm và đang bắt đầu lại.",
            "Tin nhắn đến nhanh hơn mức thiết bị này nhận kịp.",
            "Bạn không cần làm gì: trang sẽ tải những gì bị lỡ.",
        ),
        C::NoHeartbeat => words(
            "Kết nối đã im lặng và đang bắt đầu lại.",
            "Thiết bị đã ngủ, hoặc mạng làm mất kết nối.",
            "Bạn không cần làm gì: trang sẽ tải những gì bị lỡ.",
        ),
        // A new code needs its explanation here too; a test checks that.
        _ => words(
            "Kết nối đã bị đóng.",
            "Máy chủ đưa ra lý do mà trang này không biết; có thể nó mới hơn trang.",
            "Hãy tải lại trang. Nếu vẫn không được, hãy hỏi người vận hành máy chủ.",
        ),
    }
}
