# docker build -t weir .      A static binary on an image with certificates and nothing else, 20 MB or so.

FROM golang:1.26-bookworm AS build
WORKDIR /src
# The modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/weir ./cmd/weir
# The folders of the registry and the state, so that a volume mounted over them belongs to the user who runs Weir.
RUN mkdir -p /out/data/registry /out/data/state

# Has CA certificates for https endpoints, and a user without rights (65532). No shell, no package manager.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/weir /usr/local/bin/weir
COPY --from=build --chown=65532:65532 /out/data /var/lib/weir
COPY deploy/weir/weir.yaml /etc/weir/weir.yaml
USER 65532:65532
VOLUME /var/lib/weir
EXPOSE 8080 8081
# SIGTERM drains: docker stop needs as long as drain_timeout.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s --retries=3 CMD ["/usr/local/bin/weir", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/weir"]
CMD ["serve", "--config", "/etc/weir/weir.yaml"]
