// Brings views that are behind to the log's end, by reading recorded events again.
//
// Threads: that of its connection.
#pragma once

#include <span>

#include "batch.hpp"
#include "page_size.hpp"
#include "read_ahead.hpp"
#include "view.hpp"

namespace baton::orchestrator {

class CatchUp {
public:
    /// `registry` must outlive it.
    CatchUp(const Registry& registry, std::size_t batch_max)
        : registry_(registry), page_size_(batch_max) {}

    /// Takes those views of a set that are furthest behind one page further, or, if they are at
    /// `head`, lets them follow. False where there is nothing to do: all follow, or one is halted,
    /// and the others wait for it. Throws what reduce_recorded() does.
    bool step(const BatchContext& context, std::span<View* const> set, Position head);

private:
    const Registry& registry_;
    Page page_;
    PageSize page_size_;
};

}  // namespace baton::orchestrator
