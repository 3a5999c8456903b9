// A TCP server without manners, for what no HTTP server would do: it hands each connection to a
// function on a thread of its own.

#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace trueup::test {

// A connection, as the function sees it.
class RawConnection {
public:
    RawConnection(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {}

    // Waits until something can be read, the time is over, or the server goes; false when it goes.
    bool wait(int milliseconds, bool& readable) const
    {
        std::array<pollfd, 2> fds{pollfd{fd_, POLLIN, 0}, pollfd{stop_fd_, POLLIN, 0}};
        ::poll(fds.data(), fds.size(), milliseconds);
        readable = fds[0].revents != 0;
        return fds[1].revents == 0;
    }
    // Reads until a request's head is complete; false when the client goes or the server does.
    bool read_head() const
    {
        std::string text;
        std::array<char, 4096> block{};
        bool readable = false;
        while (text.find("\r\n\r\n") == std::string::npos) {
            if (!wait(-1, readable))
                return false;
            const ssize_t count = ::recv(fd_, block.data(), block.size(), 0);
            if (count <= 0)
                return false;
            text.append(block.data(), static_cast<std::size_t>(count));
        }
        return true;
    }
    bool write(const std::string& text) const
    {
        return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(text.size());
    }
    // Answers nothing more, until the server goes.
    void hang() const
    {
        bool readable = false;
        std::array<char, 4096> block{};
        while (wait(-1, readable))
            if (readable && ::recv(fd_, block.data(), block.size(), 0) <= 0)
                return;
    }

private:
    int fd_;
    int stop_fd_;
};

class RawServer {
public:
    using Serve = std::function<void(const RawConnection&)>;

    // Without a function it accepts nothing, and its queue of connections is full: whoever connects
    // hears nothing.
    explicit RawServer(Serve serve = {}) : serve_(std::move(serve))
    {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(listener_ >= 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(listener_, generic, sizeof address) == 0);
        REQUIRE(::listen(listener_, serve_ ? SOMAXCONN : 0) == 0);
        socklen_t size = sizeof address;
        REQUIRE(::getsockname(listener_, generic, &size) == 0);
        port_ = ntohs(address.sin_port);
        REQUIRE(::pipe(stop_.data()) == 0);
        if (serve_)
            threads_.emplace_back([this] { accept_all(); });
        else
            fill(address);
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    ~RawServer()
    {
        ::close(stop_[1]); // the reading end becomes ready, for good
        if (!threads_.empty())
            threads_.front().join(); // nobody adds to the others any more
        for (std::size_t i = 1; i < threads_.size(); ++i)
            threads_[i].join();
        for (const int fd : fillers_)
            ::close(fd);
        ::close(listener_);
        ::close(stop_[0]);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::size_t connections() const { return connections_; }

private:
    void accept_all()
    {
        const RawConnection listening(listener_, stop_[0]);
        bool readable = false;
        while (listening.wait(-1, readable)) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0)
                continue;
            ++connections_;
            threads_.emplace_back([this, fd] {
                serve_(RawConnection(fd, stop_[0]));
                ::close(fd);
            });
        }
    }

    // Connections that nobody accepts, until the kernel answers no more.
    void fill(const sockaddr_in& address)
    {
        for (int i = 0; i < 8; ++i) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
            fillers_.push_back(fd);
        }
    }

    Serve serve_;
    int listener_ = -1;
    unsigned short port_ = 0;
    std::array<int, 2> stop_{-1, -1};
    std::vector<std::thread> threads_;
    std::vector<int> fillers_;
    std::atomic<std::size_t> connections_ = 0;
};

} // namespace trueup::test
