// Reduces the pages of a backlog, several in one transaction: each row that they changed is written
// once, at the end. A row that is written for each page leaves a dead version each time, and as
// long as somebody holds an old snapshot, whoever looks the row up passes by all of them.
//
// For C++ reducers only: a SQL reducer folds in the statement that writes, so it would write no
// less and the transaction would be longer.
//
// Threads: the leader's.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "batch.hpp"

namespace baton::orchestrator {

class Backlog {
public:
    Backlog(const BatchContext& context, sql::Epoch epoch) : context_(context), epoch_(epoch) {}

    /// Folds a page into every following view, on top of those before it. False if that cannot be
    /// done without setting an event apart, or not now, or took too long: then it is as if it had
    /// not been tried, and reduce_batch() has to do it after commit(). Throws Error: deposed, and
    /// what a Transaction throws.
    [[nodiscard]] bool fold(const Page& page);

    [[nodiscard]] std::size_t pages() const { return batches_.size(); }
    /// How long it may still grow: until a quarter of the lease is over, or two seconds (readers
    /// see nothing of it yet), or a view has more rows to write than a page may touch.
    [[nodiscard]] std::chrono::milliseconds time_left() const;

    /// Writes and records all pages, in one transaction. False if the database refused that, or
    /// cannot do it now: then nothing of them has happened, and they have to be read again. Throws
    /// as fold() does.
    [[nodiscard]] bool commit();

private:
    using Clock = std::chrono::steady_clock;
    struct Batch {
        sql::BatchRange range;
        Clock::time_point started;
    };

    [[nodiscard]] bool fold(View& view, const Page& page) const;
    void write();

    BatchContext context_;
    const sql::Epoch epoch_;
    const Clock::time_point started_ = Clock::now();
    std::vector<Batch> batches_;
};

}  // namespace baton::orchestrator
