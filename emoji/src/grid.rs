//! Moving through cells that stand in rows, by keys.

/// A cell of a grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub row: usize,
    pub column: usize,
}

/// A way through a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Left,
    Right,
    Up,
    Down,
    /// To the begin of the row.
    Home,
    /// To the end of the row.
    End,
    /// To the first cell.
    First,
    /// To the last cell.
    Last,
}

/// Where a step leads from a cell of rows with so many cells; beyond the end of a row the next one begins. Stays where there
/// is no cell.
#[must_use]
pub fn step(rows: &[usize], at: Place, step: Step) -> Place {
    let Some(&length) = rows.get(at.row) else { return at };
    let end_of = |row: usize| Place { row, column: rows[row].saturating_sub(1) };
    let in_row = |row: usize| Place { row, column: at.column.min(rows[row].saturating_sub(1)) };
    let last = rows.len() - 1;
    match step {
        Step::Left if at.column > 0 => Place { column: at.column - 1, ..at },
        Step::Left if at.row > 0 => end_of(at.row - 1),
        Step::Right if at.column + 1 < length => Place { column: at.column + 1, ..at },
        Step::Right if at.row < last => Place { row: at.row + 1, column: 0 },
        Step::Up if at.row > 0 => in_row(at.row - 1),
        Step::Down if at.row < last => in_row(at.row + 1),
        Step::Left | Step::Right | Step::Up | Step::Down => at,
        Step::Home => Place { column: 0, ..at },
        Step::End => end_of(at.row),
        Step::First => Place::default(),
        Step::Last => end_of(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_leads_to_a_cell() {
        let rows = [3, 1, 2];
        let at = |row, column| Place { row, column };
        for (from, way, to) in [
            (at(0, 0), Step::Left, at(0, 0)),
            (at(0, 0), Step::Up, at(0, 0)),
            (at(0, 0), Step::Right, at(0, 1)),
            (at(0, 2), Step::Right, at(1, 0)),
            (at(1, 0), Step::Left, at(0, 2)),
            (at(0, 2), Step::Down, at(1, 0)),
            (at(2, 1), Step::Up, at(1, 0)),
            (at(2, 1), Step::Down, at(2, 1)),
            (at(2, 1), Step::Right, at(2, 1)),
            (at(0, 1), Step::Home, at(0, 0)),
            (at(0, 1), Step::End, at(0, 2)),
            (at(1, 0), Step::First, at(0, 0)),
            (at(1, 0), Step::Last, at(2, 1)),
        ] {
            assert_eq!(step(&rows, from, way), to, "{from:?} {way:?}");
        }
        assert_eq!(step(&[], at(0, 0), Step::Last), at(0, 0));
    }
}
