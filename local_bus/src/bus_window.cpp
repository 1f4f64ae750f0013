#include "baton/local_bus/bus_window.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/local_bus/ipc_folder.hpp"
#include "window_guest.hpp"
#include "window_wire.hpp"

namespace baton {
namespace {

constexpr std::size_t guests_max = 16;

std::filesystem::path new_folder() {
    static std::atomic<int> number{0};
    const std::filesystem::path root = bus::ipc_root();
    bus::remove_dead_ipc_folders(root);
    return root / (std::string(bus::window_folder) + std::to_string(::getpid()) + "-" +
                   std::to_string(++number));
}

bool is_same_user(int socket) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == ::geteuid() || peer.uid == 0);
}

WatchedSubscription watched(const SubscriptionStats& stats) {
    const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    return {stats.topic,           number(stats.published),   number(stats.delivered),
            number(stats.dropped), number(stats.discarded),   number(stats.in_flight),
            number(stats.failed),  number(stats.most_waiting)};
}

WatchedBus watched(const Bus& bus) {
    const BusStats stats = bus.stats();
    WatchedBus made;
    made.task = bus.context().task;
    made.attempt = bus.context().attempt;
    made.published = static_cast<std::int64_t>(stats.published);
    made.unheard = static_cast<std::int64_t>(stats.unheard);
    made.ended = watched(stats.ended);
    for (const SubscriptionStats& one : stats.subscriptions) {
        made.subscriptions.push_back(watched(one));
    }
    return made;
}

}  // namespace

// Shared with those who show a bus, which may outlive the window.
struct BusWindow::Room {
    Room(std::string node, std::string environment)
        : hello{std::move(node), std::move(environment), ::getpid()}, folder(new_folder()) {
        listening = bus::listen_at(folder.path() / bus::window_socket);
        if (!listening.is_open() || !bell->is_open()) {
            throw Error(ErrorCode::bus_unavailable,
                        "a node's buses cannot be looked at: no socket in " +
                            folder.path().string() + ": " + std::generic_category().message(errno));
        }
        thread = std::thread([this] { run(); });
    }

    void ring() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t rung = ::write(bell->number(), &one, sizeof(one));
    }

    void close() {
        is_closed = true;
        ring();
        thread.join();
        const std::lock_guard lock(mutex);
        while (!guests.empty()) dismiss(guests.begin());
    }

    void run() {
        // Whoever looks must not take the processor from those who work.
        constexpr int low = 10;
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), low);
        while (!is_closed) {
            await();
            const std::lock_guard lock(mutex);
            admit();
            for (auto guest = guests.begin(); guest != guests.end();) {
                const auto next = std::next(guest);
                if (!serve(*guest)) dismiss(guest);
                guest = next;
            }
        }
    }

    // Until there is something to do. (Only this thread changes the list of guests.)
    void await() const {
        std::vector<pollfd> sockets{{bell->number(), POLLIN, 0}, {listening.number(), POLLIN, 0}};
        bool is_awaited = false;
        for (const bus::WindowGuest& guest : guests) {
            const int events = guest.wants_room() ? POLLIN | POLLOUT : POLLIN;
            sockets.push_back({guest.socket(), static_cast<short>(events), 0});
            is_awaited = is_awaited || !guest.request();
        }
        constexpr int look_ms = 1000;
        ::poll(sockets.data(), sockets.size(), is_awaited ? look_ms : -1);
        std::uint64_t rings = 0;
        [[maybe_unused]] const ssize_t read = ::read(bell->number(), &rings, sizeof(rings));
    }

    void admit() {
        Descriptor socket(
            ::accept4(listening.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket.is_open()) {
            if (errno != EMFILE && errno != ENFILE) return;
            // It stays in the queue, and would be asked for again at once.
            constexpr std::chrono::milliseconds pause{100};
            std::this_thread::sleep_for(pause);
            return;
        }
        if (!is_same_user(socket.number())) return;
        guests.emplace_back(std::move(socket), bell);
        if (guests.size() <= guests_max) return;
        WindowFrame frame;
        frame.refused = std::to_string(guests_max) + " others look at this node already";
        guests.back().add(frame);
        guests.back().was_greeted = true;
        guests.back().finish();
    }

    bool serve(bus::WindowGuest& guest) {
        if (!guest.read() || guest.is_late()) return false;
        if (guest.request() && !guest.was_greeted) greet(guest);
        return guest.send();
    }

    void greet(bus::WindowGuest& guest) {
        guest.was_greeted = true;
        WindowFrame frame;
        frame.hello = hello;
        guest.add(frame);
        if (guest.request()->want == "tail") {
            for (Bus* const each : buses) guest.show(*each);
            return;
        }
        if (guest.request()->want == "stats") {
            WindowFrame told;
            told.stats = ended;
            for (const Bus* const each : buses) told.stats->buses.push_back(watched(*each));
            guest.add(told);
        }
        guest.finish();
    }

    void dismiss(std::list<bus::WindowGuest>::iterator guest) {
        for (Bus* const each : buses) guest->hide(*each);
        guests.erase(guest);
    }

    void show(Bus& bus) {
        const std::lock_guard lock(mutex);
        buses.push_back(&bus);
        for (bus::WindowGuest& guest : guests) guest.show(bus);
    }

    void hide(Bus& bus) {
        const std::lock_guard lock(mutex);
        for (bus::WindowGuest& guest : guests) guest.hide(bus);
        std::erase(buses, &bus);
        ++ended.ended_buses;
        ended.ended_published += static_cast<std::int64_t>(bus.stats().published);
    }

    const WindowHello hello;
    const bus::IpcFolder folder;
    const std::shared_ptr<const Descriptor> bell =
        std::make_shared<const Descriptor>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Descriptor listening;
    std::atomic<bool> is_closed{false};

    std::mutex mutex;
    // Guarded by mutex; guests are added and removed by the thread, and after it by close().
    std::list<bus::WindowGuest> guests;
    std::vector<Bus*> buses;
    WindowStats ended;

    std::thread thread;
};

BusWindow::BusWindow(std::string node, std::string environment)
    : room_(std::make_shared<Room>(std::move(node), std::move(environment))) {}

BusWindow::~BusWindow() { room_->close(); }

std::shared_ptr<void> BusWindow::show(Bus& bus) {
    room_->show(bus);
    return {&bus, [room = room_](Bus* shown) { room->hide(*shown); }};
}

}  // namespace baton
