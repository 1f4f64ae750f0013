// Brings views that are behind to the log's end, by reading recorded events again. Near the end a
// step is one page, read by the connection that writes. A builder, beside which nobody waits, has
// the pages of a long way read ahead, and writes several in one transaction; where the server has
// no connection for that, it goes page by page as well, and tries again later.
//
// Threads: that of its connection; reading ahead happens on another, see recorded_source.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "event_range.hpp"
#include "group_commit.hpp"
#include "page_reader.hpp"
#include "page_size.hpp"
#include "view.hpp"

namespace baton::orchestrator {

class CatchUp {
public:
    enum class Reading : std::uint8_t { page_by_page, ahead };

    /// `options` and `registry` must outlive it.
    CatchUp(const OrchestratorOptions& options, const Registry& registry, Reading reading)
        : options_(options),
          registry_(registry),
          reading_(reading),
          page_size_(options.batch_max) {}

    /// Takes those views of a set that are furthest behind further, or, if they are at `head`, lets
    /// them follow. False where there is nothing to do: all follow, or one is halted, and the
    /// others wait for it. Throws what reduce_apart() does, and what reading ahead met but for a
    /// lost connection; the views are where their standings say then.
    bool step(const FoldContext& context, std::span<View* const> set, Position head);

private:
    // The views that are furthest behind, and how far they may go together.
    struct Lagging {
        std::vector<View*> views;
        EventRange range;
    };
    // What is read ahead: for the set of `first`, which stands at range.from.
    struct Ahead {
        Ahead(const OrchestratorOptions& options, const Registry& registry, const Lagging& lagging);
        const View* first;
        EventRange range;
        PageReader reader;
    };

    static Lagging lagging_of(std::span<View* const> set, Position head);
    void read_ahead_of(const Lagging& lagging);
    bool step_by_page(const FoldContext& context, const Lagging& lagging, Position head);
    void step_ahead(const FoldContext& context, const Lagging& lagging, Position head);
    std::unique_ptr<Page> take_ahead(std::chrono::milliseconds patience);

    const OrchestratorOptions& options_;
    const Registry& registry_;
    const Reading reading_;
    Page page_;
    PageSize page_size_;
    std::optional<Ahead> ahead_;  // none where all are near the log's end, or halted
    Position apart_until_{0};     // until there, each page is a transaction of its own
    // Until when nothing is read ahead; none where that went well the last time.
    std::optional<std::chrono::steady_clock::time_point> alone_until_;
};

}  // namespace baton::orchestrator
