// Descriptor: an open file of this process, closed where its owner ends.
//
// Threads: values only.
#pragma once

#include <unistd.h>

#include <utility>

namespace baton {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) noexcept : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            close();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    /// -1 where there is none.
    [[nodiscard]] int number() const noexcept { return number_; }
    [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
    /// Whoever calls it closes it.
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }
    void close() noexcept {
        if (is_open()) ::close(release());
    }

private:
    int number_ = -1;
};

}  // namespace baton
