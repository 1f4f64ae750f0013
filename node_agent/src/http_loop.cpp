#include "http_loop.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "address_rules.hpp"
#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "live_session.hpp"
#include "trimmed.hpp"

namespace baton::node {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t headers_max = 64 << 10;

struct FreeEasy {
    void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

// One request under way.
struct Transfer {
    Transfer(HttpRequest asked, std::function<void(HttpAnswer)> told)
        : request(std::move(asked)), ended(std::move(told)) {}
    ~Transfer() { ::curl_slist_free_all(headers); }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    HttpRequest request;
    std::function<void(HttpAnswer)> ended;
    const AddressRules* rules = nullptr;
    curl_slist* headers = nullptr;
    HttpAnswer answer;
    std::size_t header_bytes = 0;
    std::string refusal;  // of an address
    std::vector<curl_socket_t> opened;
    std::map<int, curl_socket_t>* sockets = nullptr;  // of all connections, by their ports
    bool has_stale_bytes = false;                     // of its connection
    std::array<char, CURL_ERROR_SIZE> fault{};
    Easy easy;
};

// On this side; 0: it has none.
int port_of(curl_socket_t socket) {
    sockaddr_in6 address{};  // the port of IPv4 is at the same place
    socklen_t size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
    return ntohs(address.sin6_port);
}

curl_socket_t open_socket(void* context, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(context);
    if (const auto refusal = transfer.rules->refusal(address->addr)) {
        transfer.refusal = *refusal;
        return CURL_SOCKET_BAD;
    }
    const int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made >= 0) transfer.opened.push_back(made);
    return made;
}

// Bytes that came before anything was asked belong to no answer of this request: a server that
// sends more than it said would answer the next one with it. (What else may be there ends a
// connection.) libcurl does not tell its socket here, but the port that it has on this side.
int look_before_request(void* context, char* /*ip*/, char* /*own_ip*/, int /*port*/, int own_port) {
    auto& transfer = *static_cast<Transfer*>(context);
    for (const curl_socket_t socket : transfer.opened) {
        if (port_of(socket) != own_port) continue;
        (*transfer.sockets)[own_port] = socket;
        return CURL_PREREQFUNC_OK;
    }
    const auto kept = transfer.sockets->find(own_port);
    char byte = 0;
    if (kept == transfer.sockets->end() ||
        ::recv(kept->second, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
        return CURL_PREREQFUNC_OK;
    }
    transfer.has_stale_bytes = true;
    return CURL_PREREQFUNC_ABORT;
}

std::size_t take_body(char* bytes, std::size_t /*one*/, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    if (transfer.answer.body.size() + count > transfer.request.answer_max) {
        transfer.answer.fault =
            "its answer is larger than " + std::to_string(transfer.request.answer_max) + " bytes";
        return 0;
    }
    transfer.answer.body.append(bytes, count);
    return count;
}

std::size_t take_header(char* bytes, std::size_t /*one*/, std::size_t count, void* context) {
    auto& transfer = *static_cast<Transfer*>(context);
    const std::string_view line(bytes, count);
    transfer.header_bytes += count;
    if (transfer.header_bytes > headers_max) {
        transfer.answer.fault =
            "its answer has more than " + std::to_string(headers_max) + " bytes of headers";
        return 0;
    }
    if (line.starts_with("HTTP/")) {  // of what follows an interim answer
        transfer.answer.headers.clear();
        return count;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return count;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    transfer.answer.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
    return count;
}

std::string reason_of(const Transfer& transfer, CURLcode code) {
    if (!transfer.answer.fault.empty()) return transfer.answer.fault;
    if (!transfer.refusal.empty() && code == CURLE_COULDNT_CONNECT) return transfer.refusal;
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return "it took longer than " + std::to_string(transfer.request.time_limit.count()) + " ms";
    }
    std::string reason = ::curl_easy_strerror(code);
    if (transfer.fault[0] != '\0') reason.append(": ").append(transfer.fault.data());
    return reason;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
    const auto found =
        std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

class HttpLoop::Work {
public:
    explicit Work(const EndpointRules& rules)
        : rules_(rules.networks), ca_file_(rules.ca_file.string()), plain_http_(rules.plain_http) {
        static const CURLcode ready = ::curl_global_init(CURL_GLOBAL_DEFAULT);
        BATON_CHECK(ready == CURLE_OK);
        if (!ca_file_.empty() && ::access(ca_file_.c_str(), R_OK) != 0) {
            throw Error(ErrorCode::settings_invalid,
                        "endpoints.ca_file: " + ca_file_ + " cannot be read");
        }
        multi_ = ::curl_multi_init();
        BATON_CHECK(multi_ != nullptr);
    }
    ~Work() {
        {
            const std::lock_guard lock(mutex_);
            is_stopping_ = true;
        }
        ::curl_multi_wakeup(multi_);
        if (thread_.joinable()) thread_.join();
        free_.clear();
        ::curl_multi_cleanup(multi_);
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    void send(std::unique_ptr<Transfer> transfer) {
        bool is_first = false;
        {
            const std::lock_guard lock(mutex_);
            // Not before it is needed: a process may want to be of one thread until then.
            if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
            is_first = incoming_.empty();
            incoming_.push_back(std::move(transfer));
        }
        if (is_first) ::curl_multi_wakeup(multi_);
    }

private:
    void run() {
        constexpr int look_ms = 50;
        constexpr int idle_ms = 10'000;
        Clock::time_point next_look = Clock::now() + 50ms;
        while (begin_new()) {
            int running = 0;
            ::curl_multi_perform(multi_, &running);
            end_done();
            if (Clock::now() >= next_look) {
                end_unwanted();
                next_look = Clock::now() + 50ms;
            }
            ::curl_multi_poll(multi_, nullptr, 0, under_way_.empty() ? idle_ms : look_ms, nullptr);
        }
        while (!under_way_.empty()) give_up(under_way_.begin()->first);
    }

    // Returns false once it is to stop.
    bool begin_new() {
        std::vector<std::unique_ptr<Transfer>> incoming;
        bool stops = false;
        {
            const std::lock_guard lock(mutex_);
            incoming.swap(incoming_);
            stops = is_stopping_;
        }
        for (std::unique_ptr<Transfer>& transfer : incoming) {
            if (stops || transfer->request.is_unwanted()) {
                tell_unwanted(*transfer);
                continue;
            }
            set_up(*transfer);
            begin(std::move(transfer), false);
        }
        return !stops;
    }

    void begin(std::unique_ptr<Transfer> transfer, bool on_a_new_connection) {
        CURL* const easy = transfer->easy.get();
        BATON_CHECK(::curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT,
                                       on_a_new_connection ? 1L : 0L) == CURLE_OK);
        under_way_.emplace(easy, std::move(transfer));
        BATON_CHECK(::curl_multi_add_handle(multi_, easy) == CURLM_OK);
    }

    void set_up(Transfer& transfer) {
        if (free_.empty()) {
            transfer.easy.reset(::curl_easy_init());
            BATON_CHECK(transfer.easy != nullptr);
        } else {
            transfer.easy = std::move(free_.back());
            free_.pop_back();
        }
        transfer.rules = &rules_;
        transfer.sockets = &sockets_;
        CURL* const easy = transfer.easy.get();
        const HttpRequest& request = transfer.request;
        const auto set = [&](CURLoption option, auto value) {
            BATON_CHECK(::curl_easy_setopt(easy, option, value) == CURLE_OK);
        };
        for (const std::string& header : request.headers) {
            transfer.headers = ::curl_slist_append(transfer.headers, header.c_str());
        }
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, plain_http_ ? "http,https" : "https");
        set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(CURLOPT_POSTFIELDS, request.body.data());
        set(CURLOPT_HTTPHEADER, transfer.headers);
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.time_limit.count()));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_PREREQFUNCTION, &look_before_request);
        set(CURLOPT_PREREQDATA, &transfer);
        set(CURLOPT_PROXY, "");  // not that of a variable, either
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!ca_file_.empty()) {
            set(CURLOPT_CAINFO, ca_file_.c_str());
            set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
        }
        set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
        set(CURLOPT_OPENSOCKETDATA, &transfer);
        set(CURLOPT_WRITEFUNCTION, &take_body);
        set(CURLOPT_WRITEDATA, &transfer);
        set(CURLOPT_HEADERFUNCTION, &take_header);
        set(CURLOPT_HEADERDATA, &transfer);
        set(CURLOPT_ERRORBUFFER, transfer.fault.data());
    }

    void end_done() {
        int left = 0;
        while (const CURLMsg* const message = ::curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            std::unique_ptr<Transfer> transfer = take_out(message->easy_handle);
            if (std::exchange(transfer->has_stale_bytes, false)) {
                begin(std::move(transfer), true);  // it was not sent
                continue;
            }
            long status = 0;
            ::curl_easy_getinfo(transfer->easy.get(), CURLINFO_RESPONSE_CODE, &status);
            transfer->answer.status = static_cast<int>(status);
            if (code != CURLE_OK) transfer->answer.fault = reason_of(*transfer, code);
            finish(*transfer);
        }
    }

    void end_unwanted() {
        std::vector<CURL*> unwanted;
        for (const auto& [easy, transfer] : under_way_) {
            if (transfer->request.is_unwanted()) unwanted.push_back(easy);
        }
        for (CURL* const easy : unwanted) give_up(easy);
    }

    void give_up(CURL* easy) {
        const std::unique_ptr<Transfer> transfer = take_out(easy);
        tell_unwanted(*transfer);
    }

    static void tell_unwanted(Transfer& transfer) {
        transfer.answer = {.fault = "it was given up", .was_unwanted = true};
        transfer.ended(std::move(transfer.answer));
    }

    std::unique_ptr<Transfer> take_out(CURL* easy) {
        ::curl_multi_remove_handle(multi_, easy);
        const auto found = under_way_.find(easy);
        BATON_CHECK(found != under_way_.end());
        std::unique_ptr<Transfer> transfer = std::move(found->second);
        under_way_.erase(found);
        return transfer;
    }

    void finish(Transfer& transfer) {
        ::curl_easy_reset(transfer.easy.get());
        free_.push_back(std::move(transfer.easy));
        transfer.ended(std::move(transfer.answer));
    }

    const AddressRules rules_;
    const std::string ca_file_;
    const bool plain_http_;
    CURLM* multi_ = nullptr;
    std::map<CURL*, std::unique_ptr<Transfer>> under_way_;
    std::vector<Easy> free_;
    std::map<int, curl_socket_t> sockets_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Transfer>> incoming_;  // with mutex_, as all that follows
    bool is_stopping_ = false;
    std::thread thread_;
};

HttpLoop::HttpLoop(const EndpointRules& rules) : work_(std::make_unique<Work>(rules)) {}

HttpLoop::~HttpLoop() = default;

void HttpLoop::send(HttpRequest request, std::function<void(HttpAnswer)> ended) {
    work_->send(std::make_unique<Transfer>(std::move(request), std::move(ended)));
}

std::optional<std::string> url_fault(const std::string& url, bool plain_http) {
    struct Free {
        void operator()(CURLU* parsed) const { ::curl_url_cleanup(parsed); }
    };
    const std::unique_ptr<CURLU, Free> parsed(::curl_url());
    BATON_CHECK(parsed != nullptr);
    if (std::ranges::any_of(url, [](char c) { return c <= ' ' || c == 0x7f; })) {
        return "the URL has a space or a control character";
    }
    if (const CURLUcode code =
            ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME);
        code != CURLUE_OK) {
        return std::string("the URL cannot be read: ") + ::curl_url_strerror(code);
    }
    const auto part = [&](CURLUPart which) -> std::optional<std::string> {
        char* text = nullptr;
        if (::curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::nullopt;
        std::string copy(text);
        ::curl_free(text);
        return copy;
    };
    if (part(CURLUPART_USER) || part(CURLUPART_PASSWORD)) {
        return "the URL has credentials in it; name them with handler.bearer";
    }
    if (part(CURLUPART_FRAGMENT)) return "the URL has a fragment, which is never sent";
    const std::string scheme = part(CURLUPART_SCHEME).value_or("");
    if (scheme == "https" || (scheme == "http" && plain_http)) return std::nullopt;
    if (scheme == "http") {
        return "the URL is of http://, which everybody on the way can read; use https://, or say "
               "endpoints.plain_http = true";
    }
    return "the URL is of " + scheme + "://, and endpoints are of https://";
}

}  // namespace baton::node
