// A view without a database, for the tests of the fold: it reads the array literals that a fold
// writes by the rules of Postgres' array input (not by Baton's code), keeps the rows as texts,
// and answers missing keys from them.
#pragma once

#include <cctype>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "baton/reducers/fold.hpp"

namespace baton::testing {

using Cell = std::optional<std::string>;

/// The elements of a one-dimensional Postgres array: unquoted NULL is null, a backslash takes the
/// next character as it is, unquoted white space around an element is dropped.
inline std::vector<Cell> parsed_array(std::string_view text) {
    const auto refuse = [&] {
        throw std::runtime_error("malformed array literal: " + std::string(text));
    };
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') refuse();
    text = text.substr(1, text.size() - 2);
    std::vector<Cell> cells;
    if (text.empty()) return cells;
    std::size_t at = 0;
    for (;;) {
        std::string cell;
        bool was_quoted = false;
        while (at < text.size() && text[at] != ',') {
            if (text[at] == '{' || text[at] == '}') refuse();
            if (text[at] != '"') {
                if (text[at] == '\\') ++at;
                if (!was_quoted && std::isspace(static_cast<unsigned char>(text.at(at))) == 0)
                    cell += text[at];
                ++at;
                continue;
            }
            if (was_quoted || !cell.empty()) refuse();
            was_quoted = true;
            for (++at; text.at(at) != '"'; ++at) {
                if (text[at] == '\\') ++at;
                cell += text.at(at);
            }
            ++at;
        }
        if (!was_quoted && cell.empty()) refuse();
        if (!was_quoted && cell == "NULL") {
            cells.emplace_back(std::nullopt);
        } else {
            cells.emplace_back(std::move(cell));
        }
        if (at == text.size()) return cells;
        ++at;
    }
}

/// The rows that `arrays` are the columns of.
inline std::vector<std::vector<Cell>> zipped(const std::vector<std::string>& arrays) {
    std::vector<std::vector<Cell>> rows;
    for (std::size_t column = 0; column < arrays.size(); ++column) {
        const std::vector<Cell> cells = parsed_array(arrays[column]);
        if (column == 0) rows.resize(cells.size());
        if (cells.size() != rows.size()) throw std::runtime_error("arrays of different lengths");
        for (std::size_t i = 0; i < cells.size(); ++i) rows[i].push_back(cells[i]);
    }
    return rows;
}

class ViewInMemory {
public:
    explicit ViewInMemory(const ReducerInfo& info) : info_(info) {}

    /// Folds a range, loads what is missing, applies the changes and commits, if it is `done`.
    FoldResult run(Fold& fold, const DecodedBatch& batch, std::size_t first, std::size_t count) {
        FoldResult result = fold.fold(batch, first, count);
        for (; result.state == FoldState::needs_rows; result = fold.fold(batch, first, count)) {
            ++load_count;
            load(fold);
        }
        if (result.state == FoldState::done) {
            apply(fold.changes());
            fold.commit();
        }
        return result;
    }

    void load(Fold& fold) const {
        for (const std::vector<Cell>& key : zipped(fold.missing_keys())) {
            const auto found = rows.find(key);
            if (found == rows.end()) continue;
            std::vector<std::optional<std::string_view>> row;
            for (std::size_t i = 0; i + 1 < found->second.size(); ++i)
                row.emplace_back(found->second[i]);
            fold.load(row);
        }
        fold.loaded();
    }

    void apply(const Changes& changes) {
        std::vector<std::string> arrays = changes.columns;
        arrays.push_back(changes.positions);
        for (std::vector<Cell>& row : zipped(arrays)) rows[key_of(row)] = row;
        for (const std::vector<Cell>& key : zipped(changes.deleted_keys)) {
            if (rows.erase(key) != 1) throw std::runtime_error("deleted a row that is not there");
        }
    }

    /// By key: the columns, then the position.
    std::map<std::vector<Cell>, std::vector<Cell>> rows;
    int load_count = 0;

private:
    [[nodiscard]] std::vector<Cell> key_of(const std::vector<Cell>& row) const {
        std::vector<Cell> key;
        for (const std::string& name : info_.key_columns) {
            for (std::size_t i = 0; i < info_.columns.size(); ++i) {
                if (info_.columns[i].name == name) key.push_back(row[i]);
            }
        }
        return key;
    }

    ReducerInfo info_;
};

}  // namespace baton::testing
