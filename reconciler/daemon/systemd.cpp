#include "reconciler/daemon/supervisor.hpp"

#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <ctime>

namespace trueup {

namespace {

class SystemdSupervisor final : public Supervisor {
public:
    SystemdSupervisor()
    {
        std::uint64_t microseconds = 0;
        if (sd_watchdog_enabled(0, &microseconds) > 0)
            watchdog_ = std::chrono::microseconds(microseconds);
    }

    void ready() override { sd_notify(0, "READY=1"); }
    void reloading() override
    {
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC, &now);
        const auto microseconds = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
                                  static_cast<std::uint64_t>(now.tv_nsec) / 1000;
        send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
    }
    void stopping() override { sd_notify(0, "STOPPING=1"); }
    void status(const std::string& text) override { send("STATUS=" + text); }
    void alive() override { sd_notify(0, "WATCHDOG=1"); }
    std::optional<Duration> watchdog() const override { return watchdog_; }

    // Once: it takes the variables away, which speak to this process alone.
    Result<std::optional<int>> given_socket() override
    {
        const int count = sd_listen_fds(1);
        if (count <= 0)
            return std::optional<int>();
        constexpr int fd = SD_LISTEN_FDS_START;
        if (count > 1 || sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) <= 0)
            return Error{Errc::invalid_input,
                         "the sockets that it was started with are not one Unix socket",
                         "",
                         "a socket unit has one ListenStream=, with a path"};
        return std::optional<int>(fd);
    }

private:
    static void send(const std::string& text) { sd_notify(0, text.c_str()); }

    std::optional<Duration> watchdog_;
};

} // namespace

std::unique_ptr<Supervisor> make_systemd_supervisor()
{
    return std::make_unique<SystemdSupervisor>();
}

} // namespace trueup
