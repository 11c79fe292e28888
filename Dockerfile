# syntax=docker/dockerfile:1
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG RELEASE=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${RELEASE}" -o /out/godwit ./cmd/godwit \
 && mkdir -p /out/data

# Nothing but the binary, the certificate authorities and the time zones (those are in the binary).
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/godwit /godwit
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV GODWIT_LISTEN=0.0.0.0:8080 GODWIT_DATA_DIR=/data GODWIT_LOG_FORMAT=json
EXPOSE 8080
# The root file system may be read-only (docker run --read-only): only /data is written.
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/godwit", "healthcheck"]
ENTRYPOINT ["/godwit"]
CMD ["serve"]
