// A part of the recorded log, for views that are far behind: without a gap, from its beginning to
// its end.
//
// Threads: that of its PageReader, with a connection of its own, which ends once all was read.
// Lifetime: the options must outlive it.
#pragma once

#include "baton/orchestrator/options.hpp"
#include "event_range.hpp"
#include "page_reader.hpp"

namespace baton::orchestrator {

class RecordedSource final : public PageSource {
public:
    RecordedSource(const OrchestratorOptions& options, EventRange range, sql::Content content)
        : options_(options), range_(range), content_(content) {}

    void read_all(PageReader& reader) override;

private:
    const OrchestratorOptions& options_;
    EventRange range_;  // what is left of it
    const sql::Content content_;
};

}  // namespace baton::orchestrator
