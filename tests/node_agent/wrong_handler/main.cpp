// A program with one mistake in its handler, chosen by a macro; with none it compiles. See
// ../wrong_handler_test.cpp.
#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/workflow.hpp"
#include "baton/types/fields.hpp"

struct OrderPlaced {
#ifndef NO_EVENT_TYPE
    static constexpr std::string_view event_type = "order/placed";
#endif
    std::string order;
#ifndef NO_FIELDS
    BATON_FIELDS(order)
#endif
};

struct InvoiceRow {
    std::string order;
    BATON_FIELDS(order)
    BATON_KEY(order)
};

struct SendInvoice {
#ifdef TWO_SOURCES
    using Payload = OrderPlaced;
#endif
#ifndef NO_SOURCE
    using Event = OrderPlaced;
#endif
#ifndef NO_NAME
    static constexpr std::string_view name = "send_invoice";
#endif
#ifndef NO_VERSION
    static constexpr int version = 1;
#endif
#ifdef ACCEPTS_TEXT
    static constexpr std::string_view accepts_from = "1";
#endif
#ifdef LANE_NUMBER
    static constexpr int lane_by_key = 1;
#endif

#ifdef BATCH_TEXT
    static constexpr std::string_view batch = "100";
#elif defined(BATCH_OF_ONE) || defined(BATCH_WITH_ROW)
    static constexpr int batch = 100;
#endif
#ifdef BATCH_WITH_ROW
    using Row = InvoiceRow;
    static constexpr std::string_view view = "invoices";
#endif

#if defined(BATCH_UNSAID) || defined(BATCH_WITH_ROW)
    void handle(std::span<const OrderPlaced>, baton::BatchContext&) const {}
#elif defined(RETURNS_BOOL)
    bool handle(const OrderPlaced&, baton::TaskContext&) const { return true; }
#elif defined(OTHER_PAYLOAD)
    void handle(const std::string&, baton::TaskContext&) const {}
#elif defined(NOT_CONST)
    void handle(const OrderPlaced&, baton::TaskContext&) {}
#else
    baton::Outcome handle(const OrderPlaced& order, baton::TaskContext& task) const {
        if (task.cancelled()) return baton::retry("it is too late");
        return baton::done(order);
    }
#endif
};

struct Parcel {
    std::string weight;
    BATON_FIELDS(weight)
};

struct Ship {
    using Payload = baton::RawPayload;
    static constexpr std::string_view name = "ship";
    static constexpr int version = 1;

    Parcel handle(const baton::RawPayload&) const { return {}; }
};

struct Announce {
#ifdef OTHER_STEP
    using Payload = OrderPlaced;
#else
    using Payload = Parcel;
#endif
    static constexpr std::string_view name = "announce";
    static constexpr int version = 1;

    void handle(const Payload&) const {}
};

int main() {
    baton::Handlers handlers;
    handlers.add<SendInvoice>();
    static_cast<void>(baton::workflow_of<Ship, Announce>("order", 1));
}
