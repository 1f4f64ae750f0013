// The one way of pages from their reader into the views, for new events and for recorded ones:
// several in one transaction where that can be, else each by itself.
//
// Threads: that of the context's connection.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "group_commit.hpp"
#include "page_reader.hpp"

namespace baton::orchestrator {

/// Whose pages they are, and what becomes of them.
struct PageWork {
    FoldContext context;
    std::vector<View*> views;  ///< As for GroupCommit.
    EventLedger& ledger;
    PageReader& reader;
    /// Until there, each page is a transaction of its own.
    Position& apart_until;
    /// Whether more than this page is to be committed at once.
    std::function<bool(const Page&)> has_more;
    /// Does what may be put off; false if it did not come to its end.
    std::function<bool(const std::function<void()>&)> with_retries;
    /// Told up to where all is committed.
    std::function<void(Position)> done;
};

/// Takes `page`, and those that follow it, and gives them back to the reader. False if several were
/// refused at once: then nothing of it has happened, and they have to be read again, by a new
/// reader. Throws Error as GroupCommit and reduce_apart() do.
[[nodiscard]] bool reduce_pages(const PageWork& work, std::unique_ptr<Page> page);

/// How many events these views may fold at once, and never more than `limit`.
[[nodiscard]] std::size_t pace_of(const std::vector<View*>& views, std::size_t limit);

}  // namespace baton::orchestrator
