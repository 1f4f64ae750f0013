// The rows that a statement gave, read in place: a field is a view into libpq's own buffer, so ten
// thousand rows cost no allocation.
//
// Lifetime: every view that a Row gives lives as long as any Result or Row of the same answer.
// Threads: one thread at a time, together with all its Rows (libpqxx counts references, no more).
#pragma once

#include <pqxx/result>
#include <pqxx/row>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace baton::sql {

/// One row. Columns are counted from 0; a column that does not exist is a broken CHECK.
class Row {
public:
    /// The field as the server wrote it; an SQL null reads as an empty text.
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    /// The field, or nothing where it is SQL null.
    [[nodiscard]] std::optional<std::string_view> text_or_null(int column) const;
    /// Throws Error(decode_failed) where the field is null or no bigint.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::optional<std::int64_t> integer_or_null(int column) const;
    /// Throws Error(decode_failed) where the field is null or no boolean.
    [[nodiscard]] bool boolean(int column) const;
    /// The bytes of a `bytea`; null reads as no bytes. Throws Error(decode_failed) where the field
    /// is not in hex form.
    [[nodiscard]] std::string bytes(int column) const;

private:
    friend class Result;
    Row(const pqxx::row& row, int columns) : field_(row, 0), columns_(columns) {}
    void move_to(int column) const;

    // libpqxx counts two references for every field object that it makes. One that is moved along
    // the row makes a field cost what PQgetvalue costs.
    mutable pqxx::const_row_iterator field_;
    int columns_;
};

class Result {
public:
    Result() = default;
    explicit Result(const pqxx::result& rows)
        : rows_(rows), size_(rows.size()), columns_(static_cast<int>(rows.columns())) {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    /// How many rows an INSERT, UPDATE or DELETE changed.
    [[nodiscard]] std::size_t affected_rows() const;
    /// The row at `index`, which must be below size().
    [[nodiscard]] Row operator[](std::size_t index) const;
    /// The one row of an answer that must have exactly one; Error(statement_failed) otherwise.
    [[nodiscard]] Row only() const;

    class Iterator {
    public:
        Iterator(const Result& home, std::size_t index) : home_(&home), index_(index) {}
        [[nodiscard]] Row operator*() const { return (*home_)[index_]; }
        Iterator& operator++() {
            ++index_;
            return *this;
        }
        [[nodiscard]] bool operator==(const Iterator& other) const {
            return index_ == other.index_;
        }

    private:
        const Result* home_;
        std::size_t index_;
    };
    [[nodiscard]] Iterator begin() const { return {*this, 0}; }
    [[nodiscard]] Iterator end() const { return {*this, size_}; }

private:
    // pqxx::row, except that it can be moved: a fresh one would count references again.
    struct MovingRow : pqxx::row {
        MovingRow() = default;
        explicit MovingRow(const pqxx::result& rows);
        void move_to(std::size_t index) { m_index = static_cast<long>(index); }
        [[nodiscard]] const pqxx::result& rows() const { return m_result; }
    };

    mutable MovingRow rows_;
    std::size_t size_ = 0;
    int columns_ = 0;
};

}  // namespace baton::sql
