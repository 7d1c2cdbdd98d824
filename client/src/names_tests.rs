//! How users are named: by the given name where it is unique, and without changing the direction of the sentence.

use causerie_protocol::{User, UserId};

use super::{Name, People, initials, is_family_first};

fn user(id: i64, name: &str) -> User {
    User { id: UserId(id), email: None, name: name.to_owned() }
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// The short names of people, in their order.
fn short(names: &[&str]) -> Vec<String> {
    let users: Vec<User> = (1..).zip(names).map(|(id, name)| user(id, name)).collect();
    let people = People::new(&users, &fold);
    users.iter().map(|user| people.short(user).to_string()).collect()
}

#[test]
fn a_given_name_is_used_when_no_other_participant_has_it() {
    for (names, expected) in [
        (vec!["Ada Lovelace", "Bruno Latour"], vec!["Ada", "Bruno"]),
        (vec!["Nguyễn Văn An", "Nguyễn Thị Bình", "Nguyễn Minh Châu"], vec!["An", "Bình", "Châu"]),
        (vec!["Nguyen Van An", "Nguyen Binh"], vec!["An", "Binh"]),
        (vec!["An Nguyễn", "Bình Trần"], vec!["An", "Bình"]),
        (vec!["Nguyễn Văn An", "An Smith"], vec!["Nguyễn Văn An", "An Smith"]),
        (vec!["Nguyễn Văn An", "Trần Văn An", "Lê Hoa"], vec!["Nguyễn Văn An", "Trần Văn An", "Hoa"]),
        (vec!["Nguyễn Văn An", "AN"], vec!["Nguyễn Văn An", "AN"]),
        // The first word of one is the last of the other.
        (vec!["Ada Lovelace", "Lovelace Jones"], vec!["Ada", "Lovelace Jones"]),
        (
            vec!["Dr. Who", "J. R. Tolkien", "(Bo) Diddley", "Cher"],
            vec!["Dr. Who", "J. R. Tolkien", "(Bo) Diddley", "Cher"],
        ),
        (vec!["王小明", "Ana"], vec!["王小明", "Ana"]),
        (vec![""], vec![""]),
    ] {
        assert_eq!(short(&names), expected, "{names:?}");
    }
}

#[test]
fn two_people_of_the_same_name_get_different_marks() {
    assert_eq!(short(&["Nguyễn An", "nguyễn  AN"]), ["Nguyễn An #1", "nguyễn  AN #2"]);
    let users = [user(7, "Nguyễn An"), user(8, "Nguyễn An"), user(9, "Nguyễn An #7")];
    let people = People::new(&users, &fold);
    let whole: Vec<String> = users.iter().map(|user| people.whole(user).to_string()).collect();
    assert_eq!(whole, ["Nguyễn An #7 #7", "Nguyễn An #8", "Nguyễn An #7 #9"]);
}

#[test]
fn a_user_who_has_left_is_shown_by_the_whole_name() {
    let people = People::new(&[user(1, "Ada Lovelace")], &fold);
    assert_eq!(people.short(&user(2, "Ada Byron")).to_string(), "Ada Byron");
}

#[test]
fn no_name_is_shortened_until_all_participants_are_known() {
    let users = [user(1, "Ada Lovelace")];
    let people = People::new(&users, &fold).whole_unless(false);
    assert_eq!(people.short(&users[0]).to_string(), "Ada Lovelace");
}

#[test]
fn a_vietnamese_name_is_recognised_by_its_family_name_its_middle_name_or_its_letters() {
    for (name, family_first) in [
        ("Nguyễn An", true),
        ("NGUYEN AN", true),
        ("Lê Thị Hồng Gấm", true),
        ("Le Van An", true),
        ("Cao Bá Quát", true),
        ("Hồ Ngọc Hà", true),
        ("Khổng Tú Quỳnh", true),
        ("Hà Anh Tuấn", true),
        ("Trần Thái", true),
        ("Hà Nguyễn", false),
        ("Ánh Nguyễn", false),
        ("Mai Smith", false),
        ("Ho Chan", false),
        ("Vincent van Gogh", false),
        ("Chloé Lefèvre", false),
        ("José María Pérez", false),
        ("Nguyễn", false),
        ("", false),
    ] {
        assert_eq!(is_family_first(&fold(name)), family_first, "{name}");
    }
}

#[test]
fn initials_are_of_the_words_that_distinguish_people() {
    for (name, expected) in [
        ("Ada Lovelace", "AL"),
        ("Nguyễn Văn An", "VA"),
        ("Trần Bình", "TB"),
        ("Ada", "A"),
        ("(Bo) van Diddley", "BD"),
        (" ", "?"),
        ("שלום עולם", "שע"),
    ] {
        assert_eq!(initials(&Name::new(name), &fold(name)), expected, "{name}");
    }
}

#[test]
fn a_name_does_not_change_the_direction_of_its_sentence() {
    let name = Name::new("\u{202e}nimda");
    assert_eq!(format!("{name} joined."), "\u{2068}nimda\u{2069} joined.");
    assert_eq!(name.alone(), "nimda");
    let both = Name::list(&[Name::new("דנה"), Name::new("Ada")]);
    assert_eq!(both.to_string(), "\u{2068}דנה\u{2069}, Ada");
    assert_eq!(Name::list(&[Name::new("דנה")]).alone(), "דנה");
}
