// The same calls through libcurl's multi interface, the way its documentation has it for many
// transfers: curl_multi_socket_action driven by epoll.

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "client/report.hpp"
#include "common/tool.hpp"

namespace {

void check_multi(CURLMcode code, const char* call) {
  if (code != CURLM_OK) bench::fail(std::string(call) + ": " + curl_multi_strerror(code));
}

template <class T>
void set(CURL* easy, CURLoption option, T value) {
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) bench::fail("curl_easy_setopt");
}

class curl_calls {
 public:
  curl_calls(std::string url, long connections) : url_(std::move(url)), connections_(connections) {
    headers_ = curl_slist_append(headers_, "Host: 127.0.0.1");
    headers_ = curl_slist_append(headers_, "Accept:");
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_calls::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_calls::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
  }
  curl_calls(const curl_calls&) = delete;
  ~curl_calls() {
    for (CURL* const easy : easy_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
    close(set_);
  }

  void run(std::chrono::seconds duration) {
    bench::call_report report;
    const auto end = std::chrono::steady_clock::now() + duration;
    for (long i = 0; i != connections_; ++i) start(curl_easy_init());
    std::array<epoll_event, 64> events;
    int running = 0;
    while (std::chrono::steady_clock::now() < end) {
      const int count = epoll_wait(set_, events.data(), events.size(), wait_ms_);
      if (count == 0) act(CURL_SOCKET_TIMEOUT, 0, running);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const int in = (event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
        const int out = (event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
        act(event.data.fd, in | out, running);
      }
      take_answers(report);
    }
    report.print();
  }

 private:
  static std::size_t on_body(const char* bytes, std::size_t size, std::size_t count, void* to) {
    static_cast<std::string*>(to)->append(bytes, size * count);
    return size * count;
  }
  static int on_timer(CURLM*, long wait_ms, void* self) {
    static_cast<curl_calls*>(self)->wait_ms_ = static_cast<int>(wait_ms);
    return 0;
  }
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    auto& calls = *static_cast<curl_calls*>(self);
    epoll_event event{};
    event.data.fd = fd;
    event.events = ((what & CURL_POLL_IN) != 0 ? unsigned{EPOLLIN} : 0U) |
                   ((what & CURL_POLL_OUT) != 0 ? unsigned{EPOLLOUT} : 0U);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(calls.set_, EPOLL_CTL_DEL, fd, nullptr);
    } else if (epoll_ctl(calls.set_, EPOLL_CTL_MOD, fd, &event) < 0) {
      bench::check(epoll_ctl(calls.set_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
    return 0;
  }

  void start(CURL* easy) {
    easy_.push_back(easy);
    set(easy, CURLOPT_URL, url_.c_str());
    set(easy, CURLOPT_HTTPHEADER, headers_);
    set(easy, CURLOPT_WRITEFUNCTION, &curl_calls::on_body);
    bodies_.push_back(std::make_unique<std::string>());
    set(easy, CURLOPT_WRITEDATA, bodies_.back().get());
    set(easy, CURLOPT_PRIVATE, bodies_.back().get());
    set(easy, CURLOPT_TIMEOUT_MS, 2000L);
    set(easy, CURLOPT_PROXY, "");
    check_multi(curl_multi_add_handle(multi_, easy), "curl_multi_add_handle");
  }
  void act(curl_socket_t fd, int events, int& running) {
    check_multi(curl_multi_socket_action(multi_, fd, events, &running), "curl_multi_socket_action");
  }
  void take_answers(bench::call_report& report) {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      CURL* const easy = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK) bench::fail(curl_easy_strerror(message->data.result));
      char* body = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &body);
      auto& text = *reinterpret_cast<std::string*>(body);
      if (status != 200 || text.empty()) bench::fail("not a 200");
      text.clear();
      report.answered();
      check_multi(curl_multi_remove_handle(multi_, easy), "curl_multi_remove_handle");
      check_multi(curl_multi_add_handle(multi_, easy), "curl_multi_add_handle");
    }
  }

  std::string url_;
  long connections_;
  CURLM* multi_ = curl_multi_init();
  curl_slist* headers_ = nullptr;
  int set_ = bench::check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  int wait_ms_ = -1;
  std::vector<CURL*> easy_;
  std::vector<std::unique_ptr<std::string>> bodies_;
};

}  // namespace

int main(int argc, char** argv) {
  bench::flags flags(argc, argv, "--port P [--path /users/42] [--connections 64] [--duration S]");
  const std::string url =
      "http://127.0.0.1:" + flags.text("port", "8001") + flags.text("path", "/users/42");
  const long connections = flags.number("connections", 64);
  const auto duration = std::chrono::seconds(flags.number("duration", 5));
  flags.done();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  curl_calls(url, connections).run(duration);
}
