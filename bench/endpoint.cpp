// Requests that a node sends to an endpoint, one for each task, against the same loop of libcurl
// without a database: as many at once, to the same server on this machine, with the same body.
#include "baton/node_agent/endpoint.hpp"

#include <curl/curl.h>

#include <array>
#include <memory>

#include "baton/base/check.hpp"
#include "counting_node.hpp"
#include "http_sink.hpp"
#include "measures.hpp"

namespace baton::bench {
namespace {

constexpr int at_once = 64;
constexpr std::string_view body = R"({"order": 42})";

struct FreeEasy {
    void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
struct FreeMulti {
    void operator()(CURLM* multi) const { ::curl_multi_cleanup(multi); }
};

std::size_t drop(char* /*bytes*/, std::size_t size, std::size_t count, void* /*context*/) {
    return size * count;
}

// A handle is set up for each request, as whoever sends different ones has to.
void set_up(CURL* easy, const std::string& url, curl_slist* headers) {
    ::curl_easy_reset(easy);
    ::curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30'000L);
}

double curl_rate(const std::string& url, std::int64_t count) {
    const std::unique_ptr<CURLM, FreeMulti> multi(::curl_multi_init());
    const std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> headers(
        ::curl_slist_append(nullptr, "content-type: application/json"), ::curl_slist_free_all);
    std::array<std::unique_ptr<CURL, FreeEasy>, at_once> handles;
    std::int64_t begun = 0;
    std::int64_t ended = 0;
    const auto begin = [&](CURL* easy) {
        set_up(easy, url, headers.get());
        ::curl_multi_add_handle(multi.get(), easy);
        ++begun;
    };
    const Clock::time_point start = Clock::now();
    for (auto& handle : handles) {
        handle.reset(::curl_easy_init());
        begin(handle.get());
    }
    while (ended < count) {
        int running = 0;
        int left = 0;
        ::curl_multi_perform(multi.get(), &running);
        while (const CURLMsg* const message = ::curl_multi_info_read(multi.get(), &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            BATON_CHECK(message->data.result == CURLE_OK);
            CURL* const easy = message->easy_handle;
            ::curl_multi_remove_handle(multi.get(), easy);
            ++ended;
            if (begun < count) begin(easy);
        }
        if (ended < count) ::curl_multi_poll(multi.get(), nullptr, 0, 10, nullptr);
    }
    return static_cast<double>(count) / seconds_since(start);
}

Handlers endpoint_at(const std::string& url) {
    Handlers handlers;
    add_endpoint(handlers, {.name = "send_order", .version = 1, .url = url, .concurrency = at_once},
                 std::make_shared<EndpointClient>(
                     EndpointRules{.networks = {"127.0.0.0/8"}, .plain_http = true}));
    return handlers;
}

}  // namespace

void measure_endpoint(Workbench& workbench) {
    const std::int64_t count = workbench.effort().size(20'000);
    const Database database(workbench, "endpoint");
    const HttpSink sink;
    Session session(database.url());
    const CountingNode node(database, endpoint_at(sink.url()), "send_order");
    std::vector<double> bare, baton;
    for (int round = 0; round < workbench.effort().rounds; ++round) {
        bare.push_back(curl_rate(sink.url(), count));
        baton.push_back(rate_until_ended(
            session,
            "select enqueue_many('send_order', array_fill('{\"order\": 42}'::jsonb, array[" +
                std::to_string(count) + "]))",
            count));
    }
    workbench.report({"endpoint", std::to_string(count) + " requests, 64 at once", "requests/s",
                      median(baton), median(bare), Goal{Goal::Of::ratio, true, 0.70}});
}

}  // namespace baton::bench
