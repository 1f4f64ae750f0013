// Rows: what a reducer sees of its view; and RowCache, which is behind it.
//
// The cache makes lazy loading invisible to the reducer. A row that is not cached is noted as
// missing, and a fresh one is handed out; a pass in which that happened is thrown away, the missing
// rows are loaded, and the same events are folded again. Reducers are pure, so the last pass is the
// only one that counts. A journal with the former content of each touched row makes throwing away
// exact. What is kept but not durable yet is remembered by row, however often it was touched.
//
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/reducers/row_key.hpp"
#include "baton/types/event.hpp"

namespace baton {
namespace reducers {

/// The longest key, its texts together. Postgres cannot index much more.
inline constexpr std::size_t key_bytes_max = 2'000;

/// Throws Error(event_poisoned) for key texts that a view cannot hold.
void check_key_texts(std::string_view text, std::size_t& bytes);

template <RowType Row>
class RowCache {
public:
    using Key = RowKey<Row>;
    using KeyView = RowKeyView<Row>;

    /// A row that was accessed mutably.
    struct Touch {
        const Key* key = nullptr;
        const Row* row = nullptr;     ///< null if the row is gone
        bool was_present = false;     ///< before
        Position position{};          ///< of the last event that accessed it
        std::size_t event_index = 0;  ///< and its index; not of what was kept
    };

    /// With `complete`, the cache is the whole view: what it does not hold does not exist.
    explicit RowCache(bool complete = false) : complete_(complete) {}

    /// Says which event the next accesses belong to.
    void begin_event(Position position, std::size_t event_index) noexcept {
        position_ = position;
        event_index_ = event_index;
    }

    Row& at(const KeyView& key) {
        Node& node = known(key);
        Entry& entry = node.second;
        journal(node);
        if (!entry.present) {
            entry.row = Row{};
            KeyTypes<Row>::assign(entry.row, key);
            entry.present = true;
        }
        return entry.row;
    }

    const Row* find(const KeyView& key) {
        const Entry& entry = known(key).second;
        return entry.present ? &entry.row : nullptr;
    }

    bool erase(const KeyView& key) {
        Node& node = known(key);
        if (!node.second.present) return false;
        journal(node);
        node.second.present = false;
        return true;
    }

    /// Puts every row back to what was last kept, and forgets which keys were missing.
    void discard() {
        for (Undo& undo : journal_) {
            Entry& entry = undo.node->second;
            entry.present = undo.before.has_value();
            if (undo.before) entry.row = std::move(*undo.before);
            entry.undo = none;
        }
        journal_.clear();
        missing_.clear();
    }

    /// Keeps what was changed.
    void keep() {
        for (const Undo& undo : journal_) {
            Entry& entry = undo.node->second;
            entry.undo = none;
            if (entry.kept == none) {
                entry.kept = static_cast<std::uint32_t>(kept_.size());
                kept_.push_back({undo.node, undo.before.has_value(), undo.position});
            } else {
                kept_[entry.kept].position = undo.position;
            }
        }
        journal_.clear();
        missing_.clear();
    }

    /// The same, and it is durable; drops all rows when there are more than `rows_max`.
    void commit(std::size_t rows_max) {
        keep();
        for (const Kept& kept : kept_) kept.node->second.kept = none;
        kept_.clear();
        if (rows_.size() > rows_max) rows_.clear();
    }

    void clear() {
        kept_.clear();
        journal_.clear();
        missing_.clear();
        rows_.clear();
    }

    /// Undoes the pass, but keeps in mind what it missed, for loading.
    void discard_for_loading() {
        std::vector<Node*> missing = std::move(missing_);
        discard();
        missing_ = std::move(missing);
    }

    [[nodiscard]] bool has_missing() const noexcept { return !missing_.empty(); }
    [[nodiscard]] std::size_t missing_count() const noexcept { return missing_.size(); }
    [[nodiscard]] const Key& missing_key(std::size_t index) const { return missing_[index]->first; }

    /// A missing row was found. False if its key is not one of the missing.
    bool load(Row row) {
        const auto found = rows_.find(KeyTypes<Row>::view_of_row(row));
        if (found == rows_.end() || found->second.known) return false;
        found->second.row = std::move(row);
        found->second.present = true;
        found->second.known = true;
        return true;
    }

    /// What was missing and not loaded does not exist.
    void loaded() {
        for (Node* node : missing_) node->second.known = true;
        missing_.clear();
    }

    [[nodiscard]] std::size_t touch_count() const noexcept { return journal_.size(); }
    /// The rows touched since the last keep() or commit(), in the order of their first touch.
    [[nodiscard]] Touch touch(std::size_t index) const {
        const Undo& undo = journal_[index];
        const Entry& entry = undo.node->second;
        return {&undo.node->first, entry.present ? &entry.row : nullptr, undo.before.has_value(),
                undo.position, undo.event_index};
    }

    /// At least as many rows as were touched since the last commit().
    [[nodiscard]] std::size_t changed_count() const noexcept {
        return kept_.size() + journal_.size();
    }
    /// Calls visit(touch) for each of them, once, in the order of their first touch.
    template <class Visit>
    void for_each_change(Visit&& visit) const {
        for (const Kept& kept : kept_) {
            const Entry& entry = kept.node->second;
            const Position position =
                entry.undo == none ? kept.position : journal_[entry.undo].position;
            visit(Touch{&kept.node->first, entry.present ? &entry.row : nullptr, kept.was_present,
                        position, 0});
        }
        for (std::size_t i = 0; i < journal_.size(); ++i) {
            if (journal_[i].node->second.kept == none) visit(touch(i));
        }
    }

    /// Calls visit(row) for each row, in no order.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const auto& [key, entry] : rows_) {
            if (entry.present) visit(entry.row);
        }
    }

private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    struct Entry {
        Row row{};
        bool known = false;         // the view was asked for it
        bool present = false;       // it exists
        std::uint32_t undo = none;  // its place in journal_
        std::uint32_t kept = none;  // its place in kept_
    };
    using Node = std::pair<const Key, Entry>;
    struct Kept {
        Node* node;
        bool was_present;  // at the last commit
        Position position;
    };
    struct Undo {
        Node* node;
        std::optional<Row> before;
        Position position{};
        std::size_t event_index = 0;
    };

    Node& known(const KeyView& key) {
        const auto found = rows_.find(key);
        if (found != rows_.end() && found->second.known) return *found;
        return first_access(key);
    }

    Node& first_access(const KeyView& key) {
        std::size_t bytes = 0;
        std::apply(
            [&](const auto&... part) {
                const auto check = [&](const auto& value) {
                    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
                        check_key_texts(value, bytes);
                    }
                };
                (check(part), ...);
            },
            key);
        Node& node = *rows_.try_emplace(KeyTypes<Row>::own(key)).first;
        if (complete_) {
            node.second.known = true;
        } else if (node.second.undo == none) {
            // Journalled at once, so that a second access in this pass finds the same row and does
            // not count it as missing again.
            journal(node);
            missing_.push_back(&node);
        }
        return node;
    }

    void journal(Node& node) {
        Entry& entry = node.second;
        if (entry.undo == none) {
            entry.undo = static_cast<std::uint32_t>(journal_.size());
            journal_.push_back({&node, {}, {}, 0});
            if (entry.present) journal_.back().before = entry.row;
        }
        Undo& undo = journal_[entry.undo];
        undo.position = position_;
        undo.event_index = event_index_;
    }

    bool complete_;
    Position position_{};
    std::size_t event_index_ = 0;
    std::unordered_map<Key, Entry, KeyHash<Row>, KeyEqual<Row>> rows_;
    std::vector<Kept> kept_;  // touched since the last commit, and not to be undone
    std::vector<Undo> journal_;
    std::vector<Node*> missing_;
};

}  // namespace reducers

/// The rows of a view, as its reducer reads and changes them. References stay valid until
/// reduce() returns, also when other rows are accessed or created; a reference to an erased row
/// must not be used. Each call takes the key as one braced list, or as one argument per key field.
template <class Row>
class Rows {
public:
    using Key = reducers::RowKeyView<Row>;

    /// Made by the fold; `cache` must outlive this.
    explicit Rows(reducers::RowCache<Row>& cache) : cache_(&cache) {}

    /// The row to change. Created, with its key and otherwise default values, if there is none.
    /// Asking is changing: the row counts as touched by this event. Do not change its key fields.
    Row& at(const Key& key) { return cache_->at(key); }
    /// The row to look at, or nullptr if there is none.
    const Row* find(const Key& key) const { return cache_->find(key); }
    /// Deletes the row. False if there was none.
    bool erase(const Key& key) { return cache_->erase(key); }

    template <class... Parts>
    requires(sizeof...(Parts) > 1) Row& at(const Parts&... parts) {
        return cache_->at(Key(parts...));
    }
    template <class... Parts>
    requires(sizeof...(Parts) > 1) const Row* find(const Parts&... parts) const {
        return cache_->find(Key(parts...));
    }
    template <class... Parts>
    requires(sizeof...(Parts) > 1) bool erase(const Parts&... parts) {
        return cache_->erase(Key(parts...));
    }

private:
    reducers::RowCache<Row>* cache_;
};

/// Of a struct that is no row: says so once.
template <class Row>
requires(!reducers::RowType<Row>) class Rows<Row> {
    static_assert(types::Declared<Row>,
                  "the row of a view has no BATON_FIELDS(...), which names its members");
    static_assert(
        !types::Declared<Row> || requires { Row::baton_key_list(); },
        "the row of a view has no BATON_KEY(...), which names the fields that are its "
        "primary key");

public:
    template <class... Parts>
    Row& at(const Parts&... parts);
    template <class... Parts>
    const Row* find(const Parts&... parts) const;
    template <class... Parts>
    bool erase(const Parts&... parts);
};

}  // namespace baton
