// A view without a database, for the tests of the fold: it reads the array literals that a fold
// writes by the rules of Postgres' array input (not by Baton's code), keeps the rows as texts,
// and answers missing keys from them.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "baton/reducers/fold.hpp"
#include "types/parsed_array.hpp"

namespace baton::testing {

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
