// What is new in the log; where there is nothing, it waits for the doorbell.
//
// Threads: that of its PageReader, with a connection of its own. Lifetime: the options must outlive
// it.
#pragma once

#include "baton/orchestrator/options.hpp"
#include "baton/sql/listener.hpp"
#include "baton/sql/log_reader.hpp"
#include "page_reader.hpp"

namespace baton::orchestrator {

class LiveSource final : public PageSource {
public:
    /// Goes on at `checkpoint`.
    LiveSource(const OrchestratorOptions& options, sql::Checkpoint checkpoint,
               sql::Content content);

    void read_all(PageReader& reader) override;
    void wake() override { listener_.wake(); }

private:
    static bool read_page(PageReader& reader, sql::LogReader& log);
    void wait_for_events(PageReader& reader, sql::Connection& connection, sql::LogReader& log);

    const OrchestratorOptions& options_;
    const sql::Checkpoint checkpoint_;
    const sql::Content content_;
    sql::Listener listener_;
};

}  // namespace baton::orchestrator
