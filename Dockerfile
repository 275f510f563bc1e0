# One image for web server and worker. Settings come from the environment (.env.example).
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY config ./config
COPY newsletter ./newsletter
COPY courses ./courses
RUN pip install --no-cache-dir --constraint constraints.txt --editable . \
    && useradd --system --home-dir /data --create-home masthead
COPY manage.py ./
COPY templates ./templates
COPY locale ./locale
# The key stands in for the real one while files are collected; nothing is signed with it.
RUN SECRET_KEY=while-building SITE_URL=https://build.example.com DATA_DIR=/app/build \
    python manage.py collectstatic --noinput --verbosity 0
ENV STATIC_ROOT=/app/build/static
USER masthead
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "4", "--no-ws", "config.wsgi:application"]
