// Reduces the pages of a backlog, several in one transaction: each row that they changed is written
// once, at the end. A row that is written for each page leaves a dead version each time, and as
// long as somebody holds an old snapshot, whoever looks the row up passes by all of them.
//
// For C++ reducers only: a SQL reducer folds in the statement that writes, so it would write no
// less and the transaction would be longer.
//
// Threads: that of its connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "batch.hpp"

namespace baton::orchestrator {

class Backlog {
public:
    /// `views` are those that follow, or, for recorded pages, those of one set that are behind.
    Backlog(const BatchContext& context, std::vector<View*> views, bool is_recorded)
        : context_(context), views_(std::move(views)), is_recorded_(is_recorded) {}

    /// Folds a page into every view, on top of those before it. False if that cannot be done
    /// without setting an event apart, or not now, or took too long: then it is as if it had not
    /// been tried, and the page has to be reduced by itself after commit(). Throws Error: deposed,
    /// and what a Transaction throws.
    [[nodiscard]] bool fold(const Page& page);

    [[nodiscard]] std::size_t pages() const { return pages_.size(); }
    /// How long it may still grow: until a quarter of the lease is over, or two seconds (readers
    /// see nothing of it yet), or a view has more rows to write than a page may touch.
    [[nodiscard]] std::chrono::milliseconds time_left() const;

    /// What became of a page, for who records it.
    struct Folded {
        sql::BatchRange range;
        std::chrono::steady_clock::time_point started;
    };
    /// Records the pages, and asks whether all of it may be written: last in the transaction.
    using Record = std::function<void(sql::Transaction&, std::span<const Folded>)>;

    /// Writes all pages, in one transaction that ends with `record`. False if the database refused
    /// that, or cannot do it now: then nothing of them has happened, and they have to be read
    /// again. Throws as fold() does.
    [[nodiscard]] bool commit(const Record& record);

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] bool fold(View& view, const Page& page) const;
    void write(const Record& record);
    // Whether a statement was refused, and not the session lost.
    [[nodiscard]] bool is_of_view(const Error& error) const;

    const BatchContext context_;
    const std::vector<View*> views_;
    const bool is_recorded_;
    const Clock::time_point started_ = Clock::now();
    std::vector<Folded> pages_;
    bool is_of_views_ = false;  // what runs now is a view's, not the record's
};

}  // namespace baton::orchestrator
